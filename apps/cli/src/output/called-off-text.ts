import type { CalledOffBy } from '@waystone/core'

/** That a step was called off, and by what: `called off by the join`. */
export function calledOffText(by: CalledOffBy): string {
  return `called off by ${named[by]}`
}

const named: { readonly [by in CalledOffBy]: string } = {
  join: 'the join',
  deadline: 'the deadline',
  map: 'the end of the map',
  limit: 'a limit',
  cancel: 'the cancel',
  redirect: 'the redirect',
  edge: 'an edge that was taken',
  end: 'the end',
}
