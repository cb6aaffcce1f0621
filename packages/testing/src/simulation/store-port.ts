import { permitName, type PermitRow, type RefusedEvent, type Store } from '@waystone/core/store'
import { Crossing } from './crossing.ts'
import type { SimulatedProcess } from './process.ts'
import type { Surroundings } from './surroundings.ts'

/** The store as one process sees it, across a border at which anything may happen. */
export class StorePort implements Store {
  readonly name = 'simulated'
  readonly durability = 'memory'
  readonly #world: Surroundings
  readonly #process: SimulatedProcess
  readonly #inner: Store
  readonly #crossing: Crossing

  constructor(world: Surroundings, process: SimulatedProcess, inner: Store) {
    this.#world = world
    this.#process = process
    this.#inner = inner
    this.#crossing = new Crossing(world, process)
  }

  create(run: Parameters<Store['create']>[0]): ReturnType<Store['create']> {
    return this.#cross('create', async () => {
      const created = await this.#inner.create(run)
      if (created.type === 'created') this.#world.oracle.leased(this.#process, created.lease)
      else this.#world.coverage.count('start by key again')
      return created
    })
  }

  async commit(commit: Parameters<Store['commit']>[0]): Promise<void> {
    const { oracle } = this.#world
    const { runId } = commit.checkpoint
    try {
      await this.#cross('commit', async () => {
        await this.#inner.commit(commit)
        oracle.committed(this.#process, commit)
      })
      oracle.commitTold(this.#process, commit)
    } catch (error) {
      oracle.commitRefused(this.#process, runId)
      throw error
    }
  }

  markStarted(mark: Parameters<Store['markStarted']>[0]): Promise<void> {
    return this.#cross('markStarted', async () => {
      await this.#inner.markStarted(mark)
      this.#world.oracle.marked(mark)
    })
  }

  acquire(request: Parameters<Store['acquire']>[0]): ReturnType<Store['acquire']> {
    return this.#cross('acquire', async () => {
      const answer = await this.#inner.acquire(request)
      if (answer.type === 'acquired') this.#world.oracle.leased(this.#process, answer.lease)
      return answer
    })
  }

  renew(...given: Parameters<Store['renew']>): ReturnType<Store['renew']> {
    return this.#cross('renew', async () => {
      const lost = await this.#inner.renew(...given)
      if (lost.length > 0) this.#world.coverage.count('stale owner told by renew')
      return lost
    })
  }

  release(...given: Parameters<Store['release']>): Promise<void> {
    return this.#cross('release', () => this.#inner.release(...given))
  }

  deliver(...given: Parameters<Store['deliver']>): ReturnType<Store['deliver']> {
    return this.#cross('deliver', async () => {
      const answer = await this.#inner.deliver(...given)
      if (answer === 'delivered') this.#world.oracle.delivered(given[0], given[1])
      return answer
    })
  }

  inbox(...given: Parameters<Store['inbox']>): ReturnType<Store['inbox']> {
    return this.#cross('inbox', () => this.#inner.inbox(...given))
  }

  // oxlint-disable-next-line max-params -- the store's signature
  discard(runId: Parameters<Store['discard']>[0], fence: number, refused: readonly RefusedEvent[]): Promise<void> {
    return this.#cross('discard', async () => {
      await this.#inner.discard(runId, fence, refused)
      this.#world.oracle.discarded(
        runId,
        refused.map(({ id }) => id),
      )
    })
  }

  refused(...given: Parameters<Store['refused']>): ReturnType<Store['refused']> {
    return this.#cross('refused', () => this.#inner.refused(...given))
  }

  permits(request: Parameters<Store['permits']>[0]): ReturnType<Store['permits']> {
    const { coverage, oracle } = this.#world
    return this.#cross('permits', async () => {
      const before = await this.#inner.line()
      const answer = await this.#inner.permits(request)
      const isOver = ({ grantedAt, ...row }: PermitRow): boolean =>
        grantedAt === null && request.ends.some((end) => permitName(end) === permitName(row))
      if (before.some(({ owner }) => request.dead.includes(owner.id))) coverage.count('permit of a dead process freed')
      if (before.some((row) => row.owner.id === request.owner.id && isOver(row)))
        coverage.count('place in line given up')
      if (request.blocks.length > 0) coverage.count('resource blocked')
      for (const { reason } of answer.waiting) coverage.count(`permit awaited: ${reason}`)
      oracle.permitted(this.#process, request.now)
      return answer
    })
  }

  permitVersion(): ReturnType<Store['permitVersion']> {
    return this.#cross('permitVersion', () => this.#inner.permitVersion())
  }

  line(): ReturnType<Store['line']> {
    return this.#cross('line', () => this.#inner.line())
  }

  deleteRun(...given: Parameters<Store['deleteRun']>): ReturnType<Store['deleteRun']> {
    return this.#cross('deleteRun', async () => {
      const answer = await this.#inner.deleteRun(...given)
      if (answer.type === 'deleted') this.#world.oracle.deleted(given[0].runId)
      return answer
    })
  }

  rules(...given: Parameters<Store['rules']>): ReturnType<Store['rules']> {
    return this.#cross('rules', () => this.#inner.rules(...given))
  }

  revokeRule(...given: Parameters<Store['revokeRule']>): ReturnType<Store['revokeRule']> {
    return this.#cross('revokeRule', async () => {
      const rule = await this.#inner.revokeRule(...given)
      if (rule !== undefined) this.#world.oracle.ruleRevoked(given[0].id, given[0].at)
      return rule
    })
  }

  claimable(...given: Parameters<Store['claimable']>): ReturnType<Store['claimable']> {
    return this.#cross('claimable', () => this.#inner.claimable(...given))
  }

  row(...given: Parameters<Store['row']>): ReturnType<Store['row']> {
    return this.#cross('row', () => this.#inner.row(...given))
  }

  list(...given: Parameters<Store['list']>): ReturnType<Store['list']> {
    return this.#cross('list', () => this.#inner.list(...given))
  }

  load(...given: Parameters<Store['load']>): ReturnType<Store['load']> {
    return this.#cross('load', () => this.#inner.load(...given))
  }

  checkpoints(...given: Parameters<Store['checkpoints']>): ReturnType<Store['checkpoints']> {
    return this.#cross('checkpoints', () => this.#inner.checkpoints(...given))
  }

  keyframe(...given: Parameters<Store['keyframe']>): ReturnType<Store['keyframe']> {
    return this.#cross('keyframe', () => this.#inner.keyframe(...given))
  }

  after(...given: Parameters<Store['after']>): ReturnType<Store['after']> {
    return this.#cross('after', () => this.#inner.after(...given))
  }

  blob(...given: Parameters<Store['blob']>): ReturnType<Store['blob']> {
    return this.#cross('blob', () => this.#inner.blob(...given))
  }

  graph(...given: Parameters<Store['graph']>): ReturnType<Store['graph']> {
    return this.#cross('graph', () => this.#inner.graph(...given))
  }

  watch(callback: () => void): () => void {
    const { timeline, chaos } = this.#world
    let isPlanned = false
    return this.#inner.watch(() => {
      if (isPlanned || this.#process.state === 'dead') return
      isPlanned = true
      timeline.in(chaos.delay(), this.#process, () => {
        isPlanned = false
        callback()
      })
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #cross<Answer>(operation: string, act: () => Promise<Answer>): Promise<Answer> {
    return this.#crossing.cross(operation, act)
  }
}
