/**
 * Names of transitions: what a decision calls taken, what an XState action is called by, and what edges are read back from.
 * Edge ids stand for themselves; generated names hold a colon, which node and outcome names never do.
 */
export const transitionNames = {
  otherwise: (edge: string) => `${edge}:otherwise`,
  /** The edge ends a branch and the join waits for others. */
  waits: (transition: string) => `${transition}:waits`,
  /** The edge leads on to another branch that begins no more, and its join fires. */
  joins: (transition: string) => `${transition}:joins`,
  /** Time is over for a fork. */
  deadline: (join: string) => `${join}:deadline`,
  /** Branches of a fork begin that waited for a name which something cancelled held. */
  freed: (join: string) => `${join}:freed`,
  /** The workflow's `limits.exhausted` edge. */
  exhausted: 'limits.exhausted',
  /** The workflow's `limits.stall` edge: where it leads, where it leads after that, and the end of a run that stalls again. */
  stalled: 'limits.stall',
  stalledAgain: 'limits.stall:otherwise',
  stalledForGood: 'limits.stall:fail',
  /** No edge fits: only in graphs that were built unchecked. */
  noRoute: ':no-route',
  /** A guard or reducer threw, or a guard gave something else than a boolean. */
  guardError: ':guard-error',
  cancel: ':cancel',
  /** An operator sends the run to a node. */
  redirect: ':redirect',
  /** Inside a node. */
  tools: (node: string) => `${node}:tools`,
  /** Not a transition, but the actor of an agent's calls that wait for people. */
  approval: (node: string) => `${node}:approval`,
  model: (node: string) => `${node}:model`,
  repair: (node: string) => `${node}:repair`,
  retry: (node: string) => `${node}:retry`,
  /** The next attempt asks another model. */
  fallback: (node: string) => `${node}:fallback`,
  item: (node: string) => `${node}:item`,
  /** A map has its list and begins items. */
  items: (node: string) => `${node}:items`,
  /** A map is over, and its results are applied. */
  collect: (node: string) => `${node}:collect`,
  /** Not a transition: the nested workflow, or the wait, begins. */
  begin: (node: string) => `${node}:begin`,
  /** From now on only people are awaited. */
  person: (node: string) => `${node}:person`,
  /** Not a transition of the machine: the wait has its event. */
  received: (node: string) => `${node}:received`,
  /** Not a transition of the machine: somebody has asked about a request. */
  question: (node: string) => `${node}:question`,
  /** Not a transition of the machine: such a question was answered. */
  answer: (node: string) => `${node}:answer`,
  /** Not a transition of the machine: one of several persons has decided. */
  vote: (node: string) => `${node}:vote`,
  /** Not a transition of the machine: the request is for another role now. */
  escalate: (node: string) => `${node}:escalate`,
  /** While the run undoes what it did: the next is begun, tried again, asked about; all has been undone. */
  undoNext: ':undo:next',
  undoRetry: ':undo:retry',
  undoPerson: ':undo:person',
  undone: ':undone',
  /** An operator cancels a run that is undoing what it did: heard only, or that is stopped. */
  undoCancel: ':undo:cancel',
  undoStop: ':undo:stop',
} as const

/** The outcome, which no author can declare, in the decision of what begins since others have given back what they had set aside. */
export const roomOutcome = ':room'

/** The state of a run that undoes what it did, before it ends. */
export const compensatingState = ':compensating'

/** The final state of a cancelled run. */
export const cancelledState = ':cancelled'

/** The machine's events. */
export const eventNames = {
  done: (node: string) => `xstate.done.actor.${node}`,
  error: (node: string) => `xstate.error.actor.${node}`,
  /** One tool call of an agent, or one item of a map, has ended. */
  item: (node: string) => `waystone.item.${node}`,
  /** A join has fired: raised on its entry, inside the transition. */
  joined: (join: string) => `waystone.joined.${join}`,
  /** Branches of a fork begin, or are ended: raised by what led to them, inside the transition. */
  settled: (join: string) => `waystone.settled.${join}`,
  /** Time is over for a fork. */
  deadline: (join: string) => `waystone.deadline.${join}`,
  /** Others have given back what they had set aside: what a map or an agent is to begin may fit now. */
  room: (node: string) => `waystone.room.${node}`,
  /** What was cancelled in a fork, and held a name, has settled. */
  freed: (join: string) => `waystone.freed.${join}`,
  cancel: 'waystone.cancel',
  /** What was cancelled has settled, or there was nothing: undoing may begin, or is over. Raised on its entry, inside the transition. */
  undo: 'waystone.undo',
  /** An operator sends the run to a node: only to those that are redirectable. */
  redirect: (node: string) => `waystone.redirect.${node}`,
  /** A limit of the workflow was hit from outside of its edges: its time is over, or what is nested in it has used it up. */
  duration: 'waystone.duration',
} as const
