import type { CallToolResult } from '@modelcontextprotocol/client'
import { NodeError, type Json } from '@waystone/core'
import type { CallPlace } from './failure.ts'

/** What a result may be. */
export interface ResultRules extends CallPlace {
  /** Whether the accepted tool declares structured output. */
  readonly isStructured: boolean
  readonly maxOutputBytes: number
}

/**
 * What a tool gave back: its structured content when it declares some, else its text, else its content parts as JSON.
 *
 * @throws {NodeError} WAYSTONE_NODE_MCP_FAILED for an error result and for one that is too large
 */
export function outputOf(rules: ResultRules, result: CallToolResult): Json {
  const subject = `tool ${JSON.stringify(rules.tool)} of MCP server ${JSON.stringify(rules.server)}`
  const details = { server: rules.server, tool: rules.tool }
  const content = contentOf(result)
  if (result.isError === true) {
    const said = typeof content === 'string' ? content : JSON.stringify(content)
    throw new NodeError('WAYSTONE_NODE_MCP_FAILED', `${subject} failed: ${said.slice(0, 2000)}`, { details })
  }
  const output: unknown = rules.isStructured ? (result.structuredContent ?? null) : content
  const bytes = Buffer.byteLength(JSON.stringify(output))
  if (bytes > rules.maxOutputBytes) {
    const message = `${subject} gave back ${bytes} bytes; ${rules.maxOutputBytes} are allowed (maxOutputBytes)`
    throw new NodeError('WAYSTONE_NODE_MCP_FAILED', message, { details: { ...details, bytes } })
  }
  // It came as JSON and goes through the tool's output schema next.
  return output as Json
}

function contentOf({ content }: CallToolResult): Json {
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  return texts.length === content.length ? texts.join('\n') : (JSON.parse(JSON.stringify(content)) as Json)
}
