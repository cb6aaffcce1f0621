import { errorAt, type Rule } from '../rule.ts'

/** F6: a fork inside a branch joins inside that branch. */
export const forkAcross: Rule = ({ regions }) =>
  [...regions.forks.values()].flatMap(({ join, edges }) => {
    const meeting = text(regions.homes.get(join.id))
    return edges
      .filter((edge) => text(regions.homes.get(edge.from)) !== meeting)
      .map((edge) =>
        errorAt('WAYSTONE_DEFINITION_FORK_ACROSS_BRANCHES', {
          place: edge.place,
          message: `edge ${edge.id} forks in ${inWords(regions.homes.get(edge.from))} and joins at "${join.id}", which is in ${inWords(regions.homes.get(join.id))}`,
          hint: 'Join in the branch that forked.',
        }),
      )
  })

type Homes = readonly { readonly join: string; readonly branch: string }[] | undefined

function text(homes: Homes): string {
  return (homes ?? []).map(({ join, branch }) => `${join}/${branch}`).join()
}

function inWords(homes: Homes): string {
  const last = homes?.at(-1)
  return last === undefined ? 'no branch' : `the branch of "${last.branch}"`
}
