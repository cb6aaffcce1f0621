import type { Box, Drawing, Point } from '../src/graph/layout.ts'

/** Two things of a drawing that lie over each other. */
export interface Overlap {
  readonly first: string
  readonly second: string
}

/**
 * Labels that lie over a figure, the texts of a frame or another label, and figures that lie over each other.
 *
 * What is drawn inline on its own line may cross other lines; that is not looked for.
 */
export function overlapsOf({ figures, lines }: Drawing): readonly Overlap[] {
  const boxes = [
    ...figures.map((figure) => ({ name: figure.id, box: figure.head ?? (figure as Box) })),
    ...lines.flatMap(({ id, labelBox }) => (labelBox === null ? [] : [{ name: `label of ${id}`, box: labelBox }])),
  ]
  return boxes.flatMap(({ name, box }, index) =>
    boxes
      .slice(index + 1)
      .flatMap((other) => (intersects(box, other.box) ? [{ first: name, second: other.name }] : [])),
  )
}

function intersects(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/** Lines that run through a figure they do not belong to. */
export function crossedFigures({ figures, lines }: Drawing): readonly Overlap[] {
  return lines.flatMap(({ id, from, to, points }) =>
    figures.flatMap((figure) => {
      if (!figure.isFrame && (figure.id === from || figure.id === to)) return []
      // A frame may be led through, its texts may not.
      return segments(points).some(([start, end]) => crosses(start, end, figure.head ?? figure))
        ? [{ first: id, second: figure.id }]
        : []
    }),
  )
}

function segments(points: readonly Point[]): readonly (readonly [Point, Point])[] {
  return points.slice(1).map((end, index) => [points[index] ?? end, end] as const)
}

/** For lines at right angles. */
function crosses(start: Point, end: Point, box: Box): boolean {
  const [left, right] = [Math.min(start.x, end.x), Math.max(start.x, end.x)]
  const [top, bottom] = [Math.min(start.y, end.y), Math.max(start.y, end.y)]
  return left < box.x + box.width && right > box.x && top < box.y + box.height && bottom > box.y
}
