import type { FigureKind } from './picture.ts'

/** Marks of the kinds, drawn in a square of 16 by 16 px as strokes. They tell kinds apart where colour cannot. */
export const glyphs: { readonly [kind in FigureKind]?: string } = {
  // A spark.
  agent: 'M8 1.5 9.6 6.4 14.5 8 9.6 9.6 8 14.5 6.4 9.6 1.5 8 6.4 6.4Z',
  // A wrench.
  tool: 'M10.8 2.2a3.6 3.6 0 0 0-4.4 4.7L2.2 11.1a1.9 1.9 0 0 0 2.7 2.7l4.2-4.2a3.6 3.6 0 0 0 4.7-4.4L11.6 7.4 8.9 7.1 8.6 4.4Z',
  // A diamond with a question mark.
  gate: 'M8 1 15 8 8 15 1 8ZM6.5 6.7a1.5 1.5 0 1 1 2.3 1.3c-.5.3-.8.6-.8 1.2M8 11.1v.1',
  // A person.
  approval: 'M8 7.6a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8ZM2.6 14.3c.4-3 2.6-4.6 5.4-4.6s5 1.6 5.4 4.6',
  // Braces.
  task: 'M5.8 2.2c-1.6 0-2 .6-2 1.9v1.8c0 1.2-.5 1.8-1.8 2.1 1.3.3 1.8.9 1.8 2.1v1.8c0 1.3.4 1.9 2 1.9M10.2 2.2c1.6 0 2 .6 2 1.9v1.8c0 1.2.5 1.8 1.8 2.1-1.3.3-1.8.9-1.8 2.1v1.8c0 1.3-.4 1.9-2 1.9',
  // A list with a mark beside each of its lines.
  map: 'M2 3.5 3 4.6 4.8 2.4M7 3.5h7M2 8 3 9.1 4.8 6.9M7 8h7M2 12.5 3 13.6 4.8 11.4M7 12.5h7',
  // Corners of a frame.
  group: 'M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4',
  // A box in a box.
  workflow: 'M2 3h12v10H2ZM5 6h6v4H5Z',
  // A clock.
  wait: 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.6V8l2.4 1.6',
  // Three lines that meet.
  join: 'M2.5 2v3.2c0 2.4 5.5 2 5.5 4.6V14M8 2v8M13.5 2v3.2c0 2.4-5.5 2-5.5 4.6M5.6 11.8 8 14.2l2.4-2.4',
}
