import { ProtocolError, SdkErrorCode, SdkError, SdkHttpError } from '@modelcontextprotocol/client'
import { NodeError, type EffectClass } from '@waystone/core'

/** Which call failed, for messages and rules. */
export interface CallPlace {
  readonly server: string
  readonly tool: string
  readonly effect: EffectClass
}

/** A server that cannot be reached: the tool was not called, so another attempt is safe whatever its effect. */
export function unreachable(server: string, thrown: unknown): NodeError {
  const status = thrown instanceof SdkHttpError ? thrown.status : undefined
  const isRefused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
  return new NodeError(
    'WAYSTONE_NODE_MCP_FAILED',
    `MCP server ${JSON.stringify(server)} cannot be reached: ${reasonOf(thrown)}`,
    { retryable: !isRefused, details: { server, ...(status !== undefined && { status }) }, cause: thrown },
  )
}

/** A call that ended without a result. */
export function callFailure({ server, tool, effect }: CallPlace, thrown: unknown): NodeError {
  const subject = `tool ${JSON.stringify(tool)} of MCP server ${JSON.stringify(server)}`
  const details = { server, tool }
  if (thrown instanceof ProtocolError) {
    return new NodeError('WAYSTONE_NODE_MCP_FAILED', `${subject} was refused: ${reasonOf(thrown)}`, {
      details: { ...details, rpcCode: thrown.code },
      cause: thrown,
    })
  }
  const isSure = wasNotDone(thrown)
  if (effect === 'unsafe' && !isSure) {
    return new NodeError(
      'WAYSTONE_NODE_OUTCOME_UNKNOWN',
      `${subject} was called and nobody knows whether it happened: ${reasonOf(thrown)}`,
      { details, cause: thrown },
    )
  }
  return new NodeError('WAYSTONE_NODE_MCP_FAILED', `${subject} gave no answer: ${reasonOf(thrown)}`, {
    retryable: !isSure || isPassing(thrown),
    details,
    cause: thrown,
  })
}

/** True when the server said no before it did anything. */
function wasNotDone(thrown: unknown): boolean {
  if (thrown instanceof SdkHttpError) return thrown.status >= 400 && thrown.status < 500 && thrown.status !== 408
  return thrown instanceof SdkError && thrown.code === SdkErrorCode.NotConnected
}

function isPassing(thrown: unknown): boolean {
  // 404 is how a server says that it has forgotten the session.
  return !(thrown instanceof SdkHttpError) || thrown.status === 404 || thrown.status === 429
}

/** True when the connection is of no use after this error: other secrets or another session are needed, or it broke. */
export function endsConnection(thrown: unknown): boolean {
  if (thrown instanceof SdkHttpError) return [401, 403, 404].includes(thrown.status)
  return !(thrown instanceof ProtocolError)
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, 500)
  const under = thrown.cause instanceof Error ? ` (${thrown.cause.message})` : ''
  return `${thrown.message}${under}`.slice(0, 500)
}
