import { stableText } from './stable-text.ts'
import type { McpLock, McpLockTool } from './lock.ts'

/** A difference between what was accepted and what a server offers. */
export interface McpFinding {
  readonly kind: 'new' | 'missing' | 'description' | 'input' | 'output'
  /** Name of the tool at the server. */
  readonly tool: string
  /** What the lock file says, as text; null: nothing. */
  readonly accepted: string | null
  /** What the server says, as text; null: nothing. */
  readonly offered: string | null
}

/** All differences between the tools that were accepted and those that are offered. Order: by tool, description first. */
export function compareTools(accepted: McpLock['tools'], offered: McpLock['tools']): readonly McpFinding[] {
  const names = [...new Set([...Object.keys(accepted), ...Object.keys(offered)])].toSorted()
  return names.flatMap((tool) => compareTool(tool, ownTool(accepted, tool), ownTool(offered, tool)))
}

/** The tool of that name; names of tools are a server's, so `constructor` may be one. */
export function ownTool(tools: McpLock['tools'], name: string): McpLockTool | undefined {
  return Object.hasOwn(tools, name) ? tools[name] : undefined
}

function compareTool(
  tool: string,
  accepted: McpLockTool | undefined,
  offered: McpLockTool | undefined,
): readonly McpFinding[] {
  if (accepted === undefined)
    return offered === undefined ? [] : [{ kind: 'new', tool, accepted: null, offered: textOf(offered) }]
  if (offered === undefined) return [{ kind: 'missing', tool, accepted: textOf(accepted), offered: null }]
  const pairs = [
    ['description', accepted.description, offered.description],
    ['input', stableText(accepted.inputSchema), stableText(offered.inputSchema)],
    ['output', stableText(accepted.outputSchema), stableText(offered.outputSchema)],
  ] as const
  return pairs
    .filter(([, one, other]) => one !== other)
    .map(([kind, one, other]) => ({ kind, tool, accepted: one, offered: other }))
}

function textOf({ description, inputSchema, outputSchema }: McpLockTool): string {
  return stableText({ description, inputSchema, outputSchema })
}
