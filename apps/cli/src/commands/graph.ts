import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildGraph, compileGraph } from '@waystone/core'
import { Option } from 'commander'
import type { PictureOptions } from '../graph/picture.ts'
import type { CommandDefinition, CommonOptions } from '../command.ts'
import { loadWorkflow } from '../load/workflow-file.ts'

const formats = ['mermaid', 'svg', 'json', 'xstate'] as const

interface GraphOptions extends CommonOptions {
  readonly format?: (typeof formats)[number]
  readonly output?: string
  readonly implicit?: boolean
  readonly expand?: boolean
}

/** `waystone graph FILE`. */
export const graph: CommandDefinition<GraphOptions> = {
  examples: [
    ['graph workflow.ts --format svg --output workflow.svg', 'a picture for a document'],
    ['graph workflow.ts', 'Mermaid, for Markdown'],
    ['graph workflow.ts --format xstate', 'the machine, for tools that read XState'],
  ],
  configure: (command) =>
    command
      .argument('<file>', 'module with the workflow, or FILE#export; it is executed')
      .addOption(new Option('--format <format>', 'what to write').choices([...formats]).default('mermaid'))
      .option('--output <path>', 'write to a file instead of standard output')
      .option('--implicit', 'also draw the edges that are there by rule (failed, timeout, unknown)')
      .option('--expand', 'also draw what nested workflows and the items of maps run, in frames'),
  async run([file = ''], options, { around, isJson, print, json, note }) {
    const { workflow } = await loadWorkflow(file, around.cwd)
    const what = { hasImplicit: options.implicit === true, isExpanded: options.expand === true }
    const text = await render(options.format ?? 'mermaid', workflow, what)
    if (options.output !== undefined) {
      const path = resolve(around.cwd, options.output)
      writeFileSync(path, text)
      json({ format: options.format, path })
      if (!isJson) note(`Wrote ${options.output}.`)
      return 'done'
    }
    json({ format: options.format, text })
    print(text.trimEnd())
    return 'done'
  },
}

async function render(
  format: (typeof formats)[number],
  workflow: Parameters<typeof buildGraph>[0],
  what: PictureOptions,
): Promise<string> {
  const built = buildGraph(workflow)
  switch (format) {
    case 'json':
      return `${JSON.stringify({ graph: built.graph, hashes: built.hashes }, null, 2)}\n`
    case 'xstate':
      return `${JSON.stringify(compileGraph(built).machine.config, null, 2)}\n`
    case 'mermaid':
      return (await import('../graph/mermaid.ts')).toMermaid(built.graph, what)
    case 'svg':
      return (await import('../graph/svg.ts')).toSvg(built.graph, what)
  }
}
