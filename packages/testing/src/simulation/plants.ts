import type { InvariantName } from './oracle/run-facts.ts'
import { readingAcrossGroups, readingPrivateKeys, withoutOwnStores, withPatience } from './plants-of-groups.ts'
import { keepingChains, withOneHandoffMore, withWholeSlices } from './plants-of-handoffs.ts'
import {
  appendingTwice,
  countingWhatIsDropped,
  firingTwice,
  keepingDeadlines,
  leavingBranchesOpen,
  withHaste,
  withoutOrder,
  withoutPatience,
  withoutStopping,
  withoutTurns,
} from './plants-of-joins.ts'
import {
  withFreeChildren,
  withHasteInMaps,
  withHeedlessChildren,
  withHeedlessItems,
  withOneItemMore,
  withoutRejectedItems,
} from './plants-of-maps.ts'
import { withoutPolicies, withoutQuestions, withOpenDoors } from './plants-of-operators.ts'
import {
  acceptingAnyFence,
  applyingLateEnds,
  applyingLosers,
  deliveringTwice,
  forgettingBegins,
  forgettingMarks,
  forgettingRevocations,
  grantingOneMore,
  losingEvents,
  performingEarly,
} from './plants-of-stores.ts'
import { withLooserLimits, withoutCache, withoutMarks, withoutToolRules } from './plants-of-tools.ts'
import {
  forgettingOnRedirect,
  forgettingWithheld,
  undoingAtOnce,
  undoingForwards,
  undoingWhatCameLater,
} from './plants-of-undoing.ts'
import { expiringAfterTheEvent, forgettingEarlyEvents, givingTwice } from './plants-of-waits.ts'
import type { SuiteName } from './suites/suites.ts'
import type { Plant } from './world.ts'

/** A fault, and the invariants of which one must say so. */
export interface PlantedFault {
  readonly plant: Plant
  readonly found: readonly InvariantName[]
  /** The suite in which it shows; default `core`. */
  readonly suite?: SuiteName
}

/** Faults that an engine or a store could have, planted around the product and never in it. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    plant: { name: 'effects are performed before the commit', above: performingEarly },
    found: ['commit-then-perform', 'nothing-before-commit'],
  },
  { plant: { name: 'a second writer is accepted', below: acceptingAnyFence }, found: ['one-writer'] },
  { plant: { name: 'an inbox event is lost', below: losingEvents }, found: ['inbox-is-kept'] },
  { plant: { name: 'a limit is off by one', compiled: withLooserLimits }, found: ['limits-are-guards'] },
  { plant: { name: 'an unsafe effect is repeated', below: forgettingMarks }, found: ['unknown-is-not-repeated'] },
  { plant: { name: 'a patch is applied twice', compiled: appendingTwice }, found: ['patch-applied-once'] },
  { plant: { name: 'nobody is asked about a call', compiled: withoutQuestions }, found: ['asked-before-run'] },
  { plant: { name: 'rules of tools are forgotten', compiled: withoutToolRules }, found: ['tools-keep-rules'] },
  { plant: { name: 'pure calls are made again', compiled: withoutCache }, found: ['pure-calls-run-once'] },
  { plant: { name: 'nobody says what was degraded', compiled: withoutMarks }, found: ['degraded-runs-say-so'] },
  { plant: { name: 'a late ending is applied', below: applyingLateEnds }, found: ['late-ends-change-nothing'] },
  { plant: { name: 'a join fires twice', compiled: firingTwice }, found: ['joins-fire-once'] },
  { plant: { name: 'a join fires too early', compiled: withoutPatience }, found: ['joins-fire-once'] },
  { plant: { name: 'what a loser writes is applied', below: applyingLosers }, found: ['late-ends-change-nothing'] },
  { plant: { name: 'lists stay in the order of ends', compiled: withoutOrder }, found: ['patch-applied-once'] },
  {
    plant: { name: 'branches that meet are not waited for', compiled: withoutPatience },
    found: ['joins-fire-once'],
    suite: 'meetings',
  },
  {
    plant: { name: 'branches do not take turns', compiled: withoutTurns },
    found: ['branches-wait'],
    suite: 'meetings',
  },
  {
    plant: { name: 'a name is free before what held it has stopped', compiled: withoutStopping },
    found: ['joins-fire-once'],
    suite: 'meetings',
  },
  {
    plant: { name: 'the deadline of a join comes too early', compiled: withHaste },
    found: ['joins-fire-once'],
    suite: 'meetings',
  },
  {
    plant: { name: 'the deadline of a join outlives it', compiled: keepingDeadlines },
    found: ['joins-fire-once'],
    suite: 'meetings',
  },
  {
    plant: { name: 'a redirect leaves a branch open', compiled: leavingBranchesOpen },
    found: ['redirects-are-declared'],
    suite: 'meetings',
  },
  {
    plant: { name: 'what is to be dropped counts', compiled: countingWhatIsDropped },
    found: ['joins-fire-once'],
    suite: 'meetings',
  },
  {
    plant: { name: 'a map is over too early', compiled: withHasteInMaps },
    found: ['maps-keep-results'],
    suite: 'maps',
  },
  {
    plant: { name: 'an item too many runs', compiled: withOneItemMore },
    found: ['maps-keep-results'],
    suite: 'maps',
  },
  {
    plant: { name: 'a child outlives cancel', compiled: withHeedlessChildren },
    found: ['nested-ends-with-what-holds-it'],
    suite: 'nested',
  },
  {
    plant: { name: 'what an item runs outlives its map', compiled: withHeedlessItems },
    found: ['nested-ends-with-what-holds-it'],
    suite: 'items',
  },
  {
    plant: { name: 'a no to an item counts as a yes', compiled: withoutRejectedItems },
    found: ['limits-are-guards', 'asked-before-run'],
    suite: 'items',
  },
  {
    plant: { name: 'a limit does not reach what is nested', compiled: withFreeChildren },
    found: ['limits-are-guards'],
    suite: 'nested',
  },
  {
    plant: { name: 'an early event is lost', compiled: forgettingEarlyEvents },
    found: ['events-are-kept'],
    suite: 'waits',
  },
  { plant: { name: 'an event is taken twice', below: deliveringTwice }, found: ['events-are-kept'], suite: 'waits' },
  {
    plant: { name: 'a handoff goes past its limit', compiled: withOneHandoffMore },
    found: ['handoffs-keep-limits'],
    suite: 'handoffs',
  },
  {
    plant: { name: 'more goes along than was declared', compiled: withWholeSlices },
    found: ['handoffs-tell-their-slice'],
    suite: 'handoffs',
  },
  {
    plant: { name: 'a private key leaks', compiled: readingPrivateKeys },
    found: ['groups-keep-to-themselves'],
    suite: 'groups',
  },
  {
    plant: { name: "a private value stands in the run's store", compiled: withoutOwnStores },
    found: ['groups-keep-to-themselves'],
    suite: 'groups',
  },
  {
    plant: { name: 'a stall is seen too late', compiled: withPatience },
    found: ['limits-are-guards', 'routing-is-total'],
    suite: 'groups',
  },
  {
    plant: { name: 'compensation in wrong order', compiled: undoingForwards },
    found: ['undone-in-reverse'],
    suite: 'undoing',
  },
  {
    plant: { name: 'what is undone is taken as it stands later', compiled: undoingWhatCameLater },
    found: ['undone-as-begun'],
    suite: 'undoing',
  },
  {
    plant: { name: 'what a hold kept back counts as begun', compiled: forgettingWithheld },
    found: ['unbegun-is-certain'],
    suite: 'waits',
  },
  {
    plant: { name: 'what was cancelled is not waited for', compiled: undoingAtOnce },
    found: ['undone-in-reverse'],
    suite: 'undoing',
  },
  {
    plant: { name: 'an approval outlives a patch', compiled: withoutPolicies },
    found: ['approvals-are-fresh'],
    suite: 'operators',
  },
  {
    plant: { name: 'a yes that is wanted each time is remembered', compiled: withoutPolicies },
    found: ['rules-keep-their-scope'],
    suite: 'operators',
  },
  {
    plant: { name: 'a rule decides after it was revoked', below: forgettingRevocations },
    found: ['rules-keep-their-scope'],
    suite: 'operators',
  },
  {
    plant: { name: 'a redirect goes anywhere', compiled: withOpenDoors },
    found: ['redirects-are-declared'],
    suite: 'operators',
  },
  { plant: { name: 'a permit too many is given', below: grantingOneMore }, found: ['shared-limits-hold'] },
  { plant: { name: 'what has begun is not counted', below: forgettingBegins }, found: ['shared-limits-hold'] },
  {
    plant: { name: 'what can be undone is lost on a redirect', compiled: forgettingOnRedirect },
    found: ['undone-in-reverse'],
    suite: 'combined',
  },
  {
    plant: { name: 'a group reads what is private to another', compiled: readingAcrossGroups },
    found: ['groups-keep-to-themselves'],
    suite: 'combined',
  },
  {
    plant: { name: 'the rest of a map is not cancelled', compiled: withHeedlessItems },
    found: ['nested-ends-with-what-holds-it'],
    suite: 'combined',
  },
  {
    plant: { name: 'a chain of handoffs is not begun anew', compiled: keepingChains },
    found: ['handoffs-keep-limits'],
    suite: 'combined',
  },
  {
    plant: { name: 'an early event is given twice', compiled: givingTwice },
    found: ['events-are-kept'],
    suite: 'combined',
  },
  {
    plant: { name: 'a timer fires after the event', compiled: expiringAfterTheEvent },
    found: ['events-are-kept', 'open-steps-settle'],
    suite: 'waits',
  },
]
