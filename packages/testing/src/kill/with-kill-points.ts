import type { Model } from '@waystone/core'
import type { Store } from '@waystone/core/store'
import type { KillPoints } from './kill-points.ts'

/** A store with a point before and after everything that it keeps. */
export function withKillPoints(store: Store, points: KillPoints): Store {
  const around = async <Answer>(name: string, act: () => Promise<Answer>): Promise<Answer> => {
    points.reach(`before ${name}`)
    const answer = await act()
    points.reach(`after ${name}`)
    return answer
  }
  return new Proxy(store, {
    get(target, name) {
      switch (name) {
        case 'create':
          return (run: Parameters<Store['create']>[0]) => around('commit 0', () => target.create(run))
        case 'commit':
          return (commit: Parameters<Store['commit']>[0]) =>
            around(`commit ${commit.checkpoint.sequence}`, () => target.commit(commit))
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
