export type { EffectId, RunId } from './base/ids.ts'
export type { Clock } from './base/clock.ts'
export type { Json, JsonObject } from './base/json.ts'
export type {
  ContentPart,
  FinishReason,
  Model,
  ModelCallOptions,
  ModelMessage,
  ModelRequest,
  ModelResponse,
  ModelTool,
  ModelToolCall,
  ModelUsage,
} from './define/model.ts'
export type { EffectContext } from './define/tool.ts'
export { NodeError, nodeError, type NodeErrorOptions } from './errors/node-error.ts'
export { EffectScope, type Attempt, type AttemptScope } from './run/effect-context.ts'
export type { EffectJob, ExecutorPorts } from './run/effect-job.ts'
export { perform } from './run/perform.ts'
export { createSecretVault, type SecretVault } from './run/secrets.ts'
export type { GroupBinding } from './run/runtime.ts'
export type { EffectEnd } from './snapshot/event.ts'
