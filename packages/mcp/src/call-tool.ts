import { NodeError, type EffectContext, type Json, type JsonObject } from '@waystone/core'
import type { Connection, OnLine } from './connection.ts'
import type { Connections } from './connections.ts'
import { callFailure, endsConnection, unreachable } from './failure.ts'
import { compareTools, ownTool } from './finding.ts'
import type { McpLock, McpLockTool } from './lock.ts'
import { outputOf } from './result.ts'
import { untilAborted } from './until-aborted.ts'

/** What holds for every call of one tool. */
export interface CallRules {
  readonly server: string
  /** Its name at the server. */
  readonly tool: string
  readonly accepted: McpLockTool
  readonly recheckAfterMs: number
  readonly maxOutputBytes: number
}

/** A tool that may be called, and the way to its server. */
export interface CallParts {
  readonly rules: CallRules
  readonly connections: Connections
}

/** Calls a tool once, after a look at whether the server still offers what was accepted. */
export async function callTool(
  { rules, connections }: CallParts,
  input: JsonObject,
  context: EffectContext,
): Promise<Json> {
  const { signal, effectId, effect } = context
  const connection = await untilAborted(
    connections.get((name) => context.secret(name)),
    signal,
  )
  refuseChanged(rules, await untilAborted(offeredBy(rules, connection, context.now()), signal))
  const call = { tool: rules.tool, input, effectId, signal, onLine: cappedLog(context) }
  const result = await connection.call(call).catch((error: unknown) => {
    if (!signal.aborted && endsConnection(error)) connection.retire()
    // What an unsafe call did before it was told to stop, nobody knows.
    throw signal.aborted && effect !== 'unsafe' ? error : callFailure({ ...rules, effect }, error)
  })
  return outputOf({ ...rules, effect, isStructured: rules.accepted.outputSchema !== null }, result)
}

async function offeredBy(rules: CallRules, connection: Connection, now: number): Promise<McpLock['tools']> {
  try {
    return await connection.offered(now, rules.recheckAfterMs)
  } catch (error) {
    connection.retire()
    throw unreachable(rules.server, error)
  }
}

function refuseChanged({ server, tool, accepted }: CallRules, tools: McpLock['tools']): void {
  const offered = ownTool(tools, tool)
  if (offered?.hash === accepted.hash) return
  const findings = compareTools({ [tool]: accepted }, offered === undefined ? {} : { [tool]: offered })
  const what = findings.map(({ kind }) => kind).join(', ')
  // What the server says now is not repeated: an agent's model would read it.
  throw new NodeError(
    'WAYSTONE_NODE_MCP_CHANGED',
    `tool ${JSON.stringify(tool)} of MCP server ${JSON.stringify(server)} is not what was accepted (${what}); it was not called`,
    { details: { server, tool, changed: findings.map(({ kind }) => kind) } },
  )
}

const mostLines = 20
const longestData = 1000

/** Passes on the first lines of a call, each within a length. */
function cappedLog(context: EffectContext): OnLine {
  let count = 0
  return (message, data) => {
    count += 1
    if (count > mostLines) return
    const text = JSON.stringify(data)
    context.log(message, text.length <= longestData ? data : `${text.slice(0, longestData)}…`)
    if (count === mostLines) context.log('server', 'further lines of this call are left out')
  }
}
