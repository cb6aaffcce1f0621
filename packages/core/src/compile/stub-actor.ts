import type { ActorLogic, EventObject, Snapshot } from 'xstate'

/**
 * Logic of an actor that does nothing, named by every invoked node so that XState always finds one: missing logic is silent in
 * XState's production build. Under the pure transition no actor is started; under `createActor` the user provides real ones.
 */
export const stubActor: ActorLogic<Snapshot<unknown>, EventObject, unknown> = {
  transition: (snapshot) => snapshot,
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  getPersistedSnapshot: (snapshot) => snapshot,
}
