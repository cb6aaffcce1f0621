export type {
  LabAnswer,
  LabAnswerParts,
  LabCall,
  LabContent,
  LabDelivery,
  LabError,
  LabReasoning,
} from './lab/answer.ts'
export { faults, type RateLimit, type RetryAfter } from './lab/faults.ts'
export { forbidNetwork, type ForbidNetworkOptions } from './lab/forbid-network.ts'
export type { LabCondition, LabEnd, LabEntry, LabTotals } from './lab/journal.ts'
export type { LabApi, LabMessage, LabRequest } from './lab/lab-request.ts'
export type {
  LabAddress,
  LabOptions,
  ModelLab,
  RecordingLabOptions,
  ReplayingLabOptions,
  ScriptedLabOptions,
} from './lab/model-lab.ts'
export type { LabMatch, LabRule, LabScript } from './lab/script.ts'
export { startModelLab } from './lab/start-model-lab.ts'
