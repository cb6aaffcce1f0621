import type { Model } from '@waystone/core'
import { checkpointsOf, type Store } from '@waystone/core/store'
import type { KillPoints } from './kill-points.ts'

/** A store with a point before and after everything that it keeps. */
export function withKillPoints(store: Store, points: KillPoints): Store {
  const aroundAll = async <Answer>(names: readonly string[], act: () => Promise<Answer>): Promise<Answer> => {
    for (const name of names) points.reach(`before ${name}`)
    const answer = await act()
    for (const name of names) points.reach(`after ${name}`)
    return answer
  }
  const around = <Answer>(name: string, act: () => Promise<Answer>): Promise<Answer> => aroundAll([name], act)
  return new Proxy(store, {
    get(target, name) {
      switch (name) {
        case 'create':
          return (run: Parameters<Store['create']>[0]) => around('commit 0', () => target.create(run))
        case 'commit':
          return (commit: Parameters<Store['commit']>[0]) =>
            aroundAll(
              checkpointsOf(commit).map(({ sequence }) => `commit ${sequence}`),
              () => target.commit(commit),
            )
        case 'markStarted':
          return (mark: Parameters<Store['markStarted']>[0]) =>
            around(`mark of step ${mark.step}`, () => target.markStarted(mark))
        default: {
          const own: unknown = Reflect.get(target, name)
          return typeof own === 'function' ? (own.bind(target) as unknown) : own
        }
      }
    },
  })
}

/** A model with a point before and after each of its calls. */
export function modelWithKillPoints(model: Model, points: KillPoints): Model {
  return {
    name: model.name,
    async call(request, options) {
      const step = options.effectId.slice(options.effectId.lastIndexOf('/') + 1)
      points.reach(`before model call of step ${step}`)
      const response = await model.call(request, options)
      points.reach(`after model call of step ${step}`)
      return response
    },
  }
}
