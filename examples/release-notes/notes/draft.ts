import { z } from 'zod'

/** Headings that notes may have. Order: as they must stand. */
export const headings = [
  'Highlights',
  'Breaking changes',
  'Security',
  'Features',
  'Fixes',
  'Performance',
  'Deprecations',
  'Changes',
  'Dependencies',
  'Under the hood',
] as const

/** See {@link headings}. */
export type Heading = (typeof headings)[number]

/** One claim and the commits it rests on. References and citations are written by the renderer, not by the model. */
export const Statement = z.object({
  /** Part of the project, printed before the text; empty: none. */
  area: z.string().max(60),
  text: z.string().min(1).max(600),
  /** Ids of commits of the range. */
  commits: z.array(z.string()).min(1),
})

/** See the schema of the same name. */
export type Statement = z.infer<typeof Statement>

/** What `draft` answers. */
export const Draft = z.object({
  sections: z.array(z.object({ heading: z.enum(headings), statements: z.array(Statement).min(1) })),
})

/** See the schema of the same name. */
export type Draft = z.infer<typeof Draft>

/** How long notes may be, however long the range is. Units: counts; characters. Lists of citations in footnotes are not counted. */
export const room = { statements: 140, characters: 30_000, statementCharacters: 600 } as const
