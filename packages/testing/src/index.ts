export { virtualClock, virtualEpoch, type VirtualClock } from './clock/virtual-clock.ts'
export { killPoints, type KillPoints } from './kill/kill-points.ts'
export {
  runAtPoints,
  type ChildEnd,
  type ChildOptions,
  type PointAnswer,
  type RunningChild,
} from './kill/run-at-points.ts'
export { modelWithKillPoints, withKillPoints } from './kill/with-kill-points.ts'
export {
  scriptedModel,
  type ObservedCall,
  type ScriptedAnswer,
  type WrittenJson,
  type ScriptedCall,
  type ScriptedExtras,
  type ScriptedModel,
} from './model/scripted-model.ts'
export { seededIds } from './random/seeded-ids.ts'
export { seededRandom, type SeededRandom } from './random/seeded-random.ts'
export {
  faultsAt,
  faultyStore,
  type FaultPlan,
  type FaultyStore,
  type StoreCall,
  type StoreFault,
  type StoreMethod,
} from './faults/faulty-store.ts'
