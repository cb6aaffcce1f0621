export type { AllowRule, ProgramRule } from './allow-list.ts'
export { confinementProblem } from './bubblewrap.ts'
export type {
  ProcessConfinement,
  ShellBase,
  ShellInput,
  ShellToolOptions,
  ShellValue,
  SystemConfinement,
} from './options.ts'
export { shellTool, type ShellOutput } from './shell-tool.ts'
