/**
 * The one of some names that was most likely meant, when one is mistyped.
 *
 * Cost: O(length of both) for each name.
 *
 * @returns undefined when none is near: more than 2 letters would have to change, or half of them
 */
export function nearestName(mistyped: string, names: Iterable<string>): string | undefined {
  let nearest: { readonly name: string; readonly distance: number } | undefined
  for (const name of names) {
    const distance = editDistance(mistyped.toLowerCase(), name.toLowerCase())
    const isNear = distance <= 2 && distance * 2 < Math.max(mistyped.length, name.length)
    if (isNear && (nearest === undefined || distance < nearest.distance)) nearest = { name, distance }
  }
  return nearest?.name
}

/** How many letters have to be put in, left out or changed, after Wagner and Fischer. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [row, letter] of [...from].entries()) {
    const line = [row + 1]
    for (const [column, other] of [...to].entries()) {
      const changed = (above[column] ?? 0) + (letter === other ? 0 : 1)
      line.push(Math.min(changed, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1))
    }
    above = line
  }
  return above[to.length] ?? 0
}
