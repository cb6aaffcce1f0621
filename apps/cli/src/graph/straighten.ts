import type { Box, Drawing, PlacedLine, Point } from './layout.ts'

/** Sideways steps up to this are taken out, px. */
const longestStep = 24
/** Room that a moved end keeps to the corners of its figure and to everything else, px. */
const room = 8

/**
 * Takes out the small sideways steps with which lines often leave or reach a figure, by moving that end along the figure's border.
 *
 * Lines are drawn at right angles and enter figures from above and below, so an end may stand anywhere along the border. An end
 * stays where it is when anything else is in the way.
 */
export function straighten(drawing: Drawing): Drawing {
  const figures = new Map(drawing.figures.map((figure) => [figure.id, figure as Box]))
  const lines: PlacedLine[] = [...drawing.lines]
  for (const [index, line] of lines.entries()) {
    const others = lines.filter((_, other) => other !== index)
    const obstacles = [
      ...others.flatMap(({ points }) => segmentBoxes(points)),
      ...others.flatMap(({ labelBox }) => labelBox ?? []),
    ]
    const fromStart = withoutFirstStep(line.points, figures.get(line.from), obstacles)
    const fromEnd = withoutFirstStep(fromStart.toReversed(), figures.get(line.to), obstacles)
    lines[index] = { ...line, points: fromEnd.toReversed() }
  }
  return { ...drawing, lines }
}

function withoutFirstStep(
  points: readonly Point[],
  figure: Box | undefined,
  obstacles: readonly Box[],
): readonly Point[] {
  const [end, corner, after, next, ...rest] = points
  if (figure === undefined || end === undefined || corner === undefined || after === undefined || next === undefined)
    return points
  const isStep =
    end.x === corner.x && corner.y === after.y && after.x === next.x && Math.abs(after.x - end.x) <= longestStep
  const moved = { x: after.x, y: end.y }
  const isOnBorder = moved.x >= figure.x + room && moved.x <= figure.x + figure.width - room
  // Everything between the old way and the new one, and some room around it.
  const swept = grown(boxAround([end, corner, after, moved]), room - 1)
  return isStep && isOnBorder && !obstacles.some((box) => intersects(swept, box)) ? [moved, next, ...rest] : points
}

function segmentBoxes(points: readonly Point[]): readonly Box[] {
  return points.slice(1).map((end, index) => boxAround([points[index] ?? end, end]))
}

function boxAround(points: readonly Point[]): Box {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }
}

function grown({ x, y, width, height }: Box, by: number): Box {
  return { x: x - by, y, width: width + 2 * by, height }
}

function intersects(a: Box, b: Box): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height
}
