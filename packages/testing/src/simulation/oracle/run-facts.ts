import type {
  Checkpoint,
  CompensationRecord,
  CompiledWorkflow,
  EngineEvent,
  Json,
  JsonObject,
  RunContext,
} from '@waystone/core'
import type { KnownMesh } from './meetings.ts'
import type { SimulatedProcess } from '../process.ts'
import type { WorldCall } from '../surroundings.ts'
import { newPeopleFacts, type KnownRule, type PeopleFacts } from './people-facts.ts'

/** How far a branch of a fork is. */
export type BranchEnd = 'running' | 'joined' | 'failed'

/** A fork under way, as the oracle counts it. */
export interface KnownFork {
  readonly branches: Map<string, BranchEnd>
  /** Length of each list when it was taken. */
  readonly lengths: ReadonlyMap<string, number>
  /** When its join waits no longer, ms since the epoch; null: it has no deadline. */
  readonly until: number | null
  /** Its branches meet. */
  readonly mesh?: KnownMesh
}

/** An event that has come to a run, by the oracle's own count. */
export interface KnownEvent {
  readonly event: string
  readonly key: string | null
  readonly mark: string
  /** The step that has taken it. */
  taker: string | null
}

/** A map under way, as the oracle counts it. */
export interface KnownMap {
  readonly total: number
  /** What items gave that ended well. */
  readonly outputs: Map<number, Json>
  readonly failed: Set<number>
  hasWanted: boolean
}

/** How far a run is from a stall, by the oracle's own count. */
export interface KnownStall {
  /** Edges in a row that brought nothing. */
  count: number
  times: number
  /** Nodes that were entered. */
  readonly entered: Set<string>
  /** The state before the last event, as text. */
  before: string
}

/** Something that has been done, or may have been, and can be undone: by the events alone, whatever the ledger of the run says. */
export interface KnownDeed {
  readonly step: string
  /** Of the checkpoint that ended it. */
  readonly sequence: number
  readonly isItem: boolean
  readonly isUnknown: boolean
  readonly wasLoser: boolean
  /** How what undoes it is to be treated. */
  readonly undo: CompensationRecord
}

/**
 * What the oracle knows of one run: what was stored, and what it has worked out itself from the events alone. A nested workflow has facts
 * of its own, which are the run's where they do not differ.
 */
export interface RunFacts {
  readonly runId: string
  /** The run; these facts themselves unless they are of a nested workflow. */
  readonly run: RunFacts
  /** Of the workflow around a nested one, and the step that holds it there; null for the run. */
  readonly around: RunFacts | null
  readonly holder: string | null
  /** Somebody has deleted the run. */
  isDeleted: boolean
  /** Nested workflows under way, by the step that holds each. */
  readonly parts: Map<string, RunFacts>
  /** Steps begun in it, or in what is nested in it. */
  readonly begun: Set<string>
  /** As the author meant it, whatever the processes were given. */
  readonly spec: CompiledWorkflow
  readonly checkpoints: Checkpoint[]
  /** Folded from the stored patches, by the oracle's own reading of them. */
  context: RunContext
  /** Folded from the events, by the oracle's own merge rules. */
  state: JsonObject
  /** How the last effect that ended went wrong, by its name; null: it did not, or nobody named it. */
  failure: string | null
  /** How far it is from a stall. */
  readonly stall: KnownStall
  /** Times taken, by edge, as the oracle counts them. */
  readonly taken: Map<string, number>
  /** Forks under way by the oracle's count, by join; how often each join has fired; who wrote each item of the lists. */
  readonly forks: Map<string, KnownFork>
  readonly fires: Map<string, number>
  /** Maps under way by the oracle's count, by node; the step of each item, by what its effect id ends with. */
  readonly maps: Map<string, KnownMap>
  readonly items: Map<string, string>
  readonly writersOf: Map<string, string[]>
  /** What was done and can be undone, by step; steps of which an attempt may have happened; what undoing came to. */
  readonly deeds: Map<string, KnownDeed>
  readonly unsure: Set<string>
  readonly undone: { done: number; skipped: number; failed: number }
  /** Highest fence given out, and to whom. */
  fence: number
  owner: SimulatedProcess | null
  /** Fence under which each process last held the run. */
  readonly fences: Map<SimulatedProcess, number>
  /** Last sequence that each process knows to be stored. */
  readonly told: Map<SimulatedProcess, number>
  /** Sequence of the hold, while the run is held. */
  heldAt: number
  /** Fence of the writer, by sequence. */
  readonly writers: Map<number, number>
  /** `step/attempt` of effects that stored checkpoints ask for. */
  readonly asked: Set<string>
  /** `step/attempt` marked as started, with the fence of the mark. */
  readonly marks: Map<string, number>
  /** Stored ends, by `step/attempt`. */
  readonly ends: Map<string, string>
  /** Starts in the fake world, by `step/attempt`. */
  readonly starts: Map<string, number>
  /** Starts by each process since it was last given the run. */
  readonly startedBy: Map<SimulatedProcess, Set<string>>
  /** Node and input of each step, as the fake world saw them first. */
  readonly inputs: Map<string, string>
  /** Inputs with which each effect was begun, by effect id, as the fake world saw them. */
  readonly begunWith: Map<string, Set<string>>
  /** Steps whose input an operator has changed under way, which is allowed where repeating them cannot hurt. */
  readonly patched: Set<string>
  /** Delivered and not yet used, and when, in virtual time. */
  readonly inbox: Map<string, { readonly event: EngineEvent; readonly at: number }>
  /** Taken out of the inbox without a checkpoint. */
  readonly discarded: Set<string>
  /** Events from outside that came to the run, by id, in order. */
  readonly mail: Map<string, KnownEvent>
  /** Events used by a checkpoint. */
  readonly used: Set<string>
  /** Processes whose commit was refused, and that have not taken the run anew since. */
  readonly stopped: Set<SimulatedProcess>
  /** What persons and operators did. */
  readonly people: PeopleFacts
  /** Decisions that are remembered, of all runs of the world, by id. */
  readonly rules: Map<string, KnownRule>
  /** True when the answer of a call has reached its process. */
  readonly isAnswered: (call: WorldCall) => boolean
}

/** Facts of a run nothing is known of yet. */
export function newRunFacts(
  runId: string,
  spec: CompiledWorkflow,
  { isAnswered, rules = new Map() }: Pick<RunFacts, 'isAnswered'> & Partial<Pick<RunFacts, 'rules'>>,
): RunFacts {
  const facts: RunFacts = {
    runId,
    get run() {
      return facts
    },
    around: null,
    holder: null,
    isDeleted: false,
    parts: new Map(),
    begun: new Set(),
    spec,
    checkpoints: [],
    // Set by the first checkpoint before anything reads it.
    context: {} as RunContext,
    state: {},
    failure: null,
    stall: { count: 0, times: 0, entered: new Set(), before: '' },
    taken: new Map(),
    forks: new Map(),
    fires: new Map(),
    maps: new Map(),
    items: new Map(),
    writersOf: new Map(),
    deeds: new Map(),
    unsure: new Set(),
    undone: { done: 0, skipped: 0, failed: 0 },
    fence: 0,
    owner: null,
    fences: new Map(),
    told: new Map(),
    heldAt: 0,
    writers: new Map(),
    asked: new Set(),
    marks: new Map(),
    ends: new Map(),
    starts: new Map(),
    startedBy: new Map(),
    inputs: new Map(),
    begunWith: new Map(),
    patched: new Set(),
    inbox: new Map(),
    used: new Set(),
    discarded: new Set(),
    mail: new Map(),
    stopped: new Set(),
    people: newPeopleFacts(),
    rules,
    isAnswered,
  }
  return facts
}

/** True until a run has ended and everything that was cancelled in it has settled. */
export function isOpen({ context, isDeleted }: RunFacts): boolean {
  if (isDeleted) return false
  return context.ending === null || Object.keys(context.closing).length > 0
}

/** Something that must never be. */
export interface Violation {
  /** Which of the invariants, by the name of {@link invariantNames}. */
  readonly invariant: InvariantName
  readonly message: string
  readonly runId: string | null
  /** Virtual time, ms since the epoch. */
  readonly at: number
}

/** The ten invariants of the engine, and what follows from them. */
const invariantNames = [
  'commit-then-perform',
  'plan-is-pure',
  'one-writer',
  'state-is-immutable',
  'limits-are-guards',
  'bounds-hold',
  'routing-is-total',
  'effect-ids-are-stable',
  'unknown-is-not-repeated',
  'nothing-before-commit',
  'secrets-are-references',
  'patch-applied-once',
  'late-ends-change-nothing',
  'inbox-is-kept',
  'usage-adds-up',
  'calls-keep-results',
  'chain-holds',
  'patches-name-changes',
  'deleted-is-gone',
  'held-runs-begin-nothing',
  'asked-before-run',
  'stopped-work-is-aborted',
  'shared-limits-hold',
  'joins-fire-once',
  'branches-wait',
  'tools-keep-rules',
  'pure-calls-run-once',
  'degraded-runs-say-so',
  'groups-keep-to-themselves',
  'maps-keep-results',
  'events-are-kept',
  'handoffs-keep-limits',
  'handoffs-tell-their-slice',
  'approvals-are-fresh',
  'rules-keep-their-scope',
  'redirects-are-declared',
  'nested-ends-with-what-holds-it',
  'undone-in-reverse',
  'undone-as-begun',
  'unbegun-is-certain',
  'open-steps-settle',
  'every-run-ends',
  'no-engine-fault',
] as const

/** See {@link invariantNames}. */
export type InvariantName = (typeof invariantNames)[number]

/** Told of what must not be. */
export type Report = (invariant: InvariantName, message: string) => void

/** `step/attempt` of an effect. */
export function attemptKey(step: number | string, attempt: number): string {
  return `${step}/${attempt}`
}

/** A value's text, for comparing. */
export function textOf(value: unknown): string {
  return JSON.stringify(value)
}
