import { storeError } from '@waystone/core/store'
import { describe, expect, it } from 'vitest'

/** A case of a suite that an implementation cannot do. */
export interface UnsupportedCase {
  /** Its title, exactly. */
  readonly case: string
  /** Why, for people: shown in the report. */
  readonly reason: string
}

/** What every conformance suite needs of the implementation that it holds to a port. */
export interface Harness<Instance> {
  /** A new instance without any data. The suite closes it. */
  create(): Instance | Promise<Instance>
  /** Another instance over the data of one that is still open, or was closed. The suite closes it. */
  reopen?(instance: Instance): Instance | Promise<Instance>
  readonly unsupported: readonly UnsupportedCase[]
}

/** Gives a case its instances, and closes them after it. */
export interface Instances<Instance> {
  /** See {@link Harness.create}. */
  create(): Promise<Instance>
  /** See {@link Harness.reopen}. */
  reopen(instance: Instance): Promise<Instance>
}

/** One case of a suite. */
export interface SuiteCase<Tools> {
  readonly title: string
  run(tools: Tools): Promise<void>
}

/** A contract, as cases, and what is held to it. */
export interface Suite<Instance, Tools> {
  /** The sentence that the report begins with, e.g. `my store keeps the contract of Store`. */
  readonly title: string
  /** Cases by what they are about. */
  readonly groups: { readonly [name: string]: readonly SuiteCase<Tools>[] }
  readonly harness: Harness<Instance>
  /** What a case is given. */
  readonly tools: (instances: Instances<Instance>) => Tools
}

/** Registers vitest tests for every case of a suite; those that the harness lists as unsupported are skipped, with their reason. */
export function describeSuite<Instance extends { close(): Promise<void> }, Tools>(suite: Suite<Instance, Tools>): void {
  const { groups, harness } = suite
  // oxlint-disable-next-line vitest/valid-title -- says which implementation is held to which port
  describe(suite.title, () => {
    const reasons = new Map(harness.unsupported.map((entry) => [entry.case, entry.reason]))
    for (const [group, cases] of Object.entries(groups)) {
      // oxlint-disable-next-line vitest/valid-title -- titles come from the table
      describe(group, () => {
        for (const entry of cases) registerCase(entry, suite, reasons.get(entry.title))
      })
    }
    it('names only cases of the suite as unsupported', () => {
      const titles = new Set(Object.values(groups).flatMap((cases) => cases.map(({ title }) => title)))
      expect([...reasons.keys()].filter((title) => !titles.has(title))).toEqual([])
    })
  })
}

/** The error of a case that needs a part which its harness does not have. */
export function lackingPart(part: string): Error {
  const message = `the harness has no "${part}"; list the case as unsupported, with a reason`
  return storeError('WAYSTONE_STORE_FAILED', message)
}

function registerCase<Instance extends { close(): Promise<void> }, Tools>(
  entry: SuiteCase<Tools>,
  { harness, tools }: Suite<Instance, Tools>,
  reason: string | undefined,
): void {
  // The assertions are inside the cases.
  // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title
  it(reason === undefined ? entry.title : `${entry.title} (unsupported: ${reason})`, async (context) => {
    context.skip(reason !== undefined, reason)
    const opened: Instance[] = []
    try {
      await entry.run(tools(instancesOf(harness, opened)))
    } finally {
      for (const instance of opened.toReversed()) await instance.close()
    }
  })
}

function instancesOf<Instance>(harness: Harness<Instance>, opened: Instance[]): Instances<Instance> {
  const keep = (instance: Instance): Instance => {
    opened.push(instance)
    return instance
  }
  return {
    create: async () => keep(await harness.create()),
    async reopen(instance) {
      if (harness.reopen === undefined) throw lackingPart('reopen')
      return keep(await harness.reopen(instance))
    },
  }
}
