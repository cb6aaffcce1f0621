import { defineTool } from '@waystone/core'
import { z } from 'zod'

const shelf = [
  { title: 'The Tidal Year', subject: 'tides', shelf: 'C4' },
  { title: 'Under the Moon: Tides and Towns', subject: 'tides', shelf: 'C5' },
  { title: 'A Field Guide to Ferns', subject: 'ferns', shelf: 'B2' },
  { title: 'Bridges of Stone', subject: 'bridges', shelf: 'E1' },
]

export const findBooks = defineTool({
  name: 'find-books',
  description: 'Finds books of the library by subject.',
  effect: 'pure',
  input: z.object({ subject: z.string() }),
  output: z.object({ books: z.array(z.object({ title: z.string(), shelf: z.string() })) }),
  run: ({ subject }) => ({
    books: shelf
      .filter((book) => book.subject === subject.toLowerCase())
      .map((book) => ({ title: book.title, shelf: book.shelf })),
  }),
})

export const reserveBook = defineTool({
  name: 'reserve-book',
  description: 'Puts a book aside for the reader. Reserving it twice is reserving it once.',
  effect: 'idempotent',
  input: z.object({ title: z.string() }),
  output: z.object({ until: z.string() }),
  run: () => ({ until: 'Friday' }),
})
