import { InputError } from '@waystone/core'

/** Secrets outside of a run: environment variables of their names. */
export async function environmentSecrets(name: string): Promise<string> {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  throw new InputError('WAYSTONE_INPUT_SECRETS_MISSING', `secret ${JSON.stringify(name)} is not set`, { secret: name })
}
