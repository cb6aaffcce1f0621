import type { SourceLine } from '../define/source-line.ts'
import type { Place } from '../errors/definition-error.ts'
import type { BuildScope } from './build-scope.ts'
import { placeOf } from './place.ts'

/** Something that is made from a state, used wherever it is wanted. */
interface NamedDefinition {
  readonly state: object
  readonly source: SourceLine | undefined
}

/** Remembers a guard or an event by its name; reports one of another state, and a second one of the same name. */
export function collectNamed<Definition extends NamedDefinition>(
  scope: BuildScope,
  { kind, name }: { readonly kind: 'guard' | 'event'; readonly name: string },
  {
    definition,
    known,
  }: {
    readonly definition: Definition
    readonly known: Map<string, { readonly definition: Definition; readonly place: Place }>
  },
): void {
  const before = known.get(name)
  const place = placeOf(`${scope.name}.${kind}s.${name}`, definition.source)
  if (before === undefined) {
    known.set(name, { definition, place })
    if (definition.state === scope.state) return
    scope.issues.add('WAYSTONE_DEFINITION_FOREIGN_STATE', place, {
      message: `${kind} ${JSON.stringify(name)} belongs to another state than workflow ${JSON.stringify(scope.name)}`,
      hint: "Make it with the same defineState(...) result that makes the workflow's nodes.",
    })
  } else if (before.definition !== definition) {
    scope.issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
      message: `two ${kind}s are named ${JSON.stringify(name)}`,
      hint: `Give each ${kind} its own name, or use the same ${kind} object twice.`,
    })
  }
}
