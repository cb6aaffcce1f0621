import { InputError } from '@waystone/core'

/** An option of a shell tool that cannot be meant. */
export function optionError(option: string, found: string, allowed: string): InputError {
  return new InputError(
    'WAYSTONE_INPUT_SHELL_OPTIONS',
    `option ${option} of a shell tool is ${found}; allowed: ${allowed}`,
    { option },
  )
}
