import { groupOwns, type GroupDefinition, type GroupOwn } from '../define/group.ts'
import type { NodesDefinition } from '../define/nodes.ts'
import type { Place } from '../errors/definition-error.ts'
import { buildState, type BuiltState } from './build-state.ts'
import type { GroupRecord } from './graph.ts'
import { describeValue, listOfNames, type IssueList } from './issues.ts'
import { nodeDefinitionOf } from './node-reference.ts'
import { placeOf } from './place.ts'
import {
  checkKeys,
  isName,
  isRecord,
  readNames,
  readStateKeys,
  readText,
  refuseValue,
  type Written,
} from './read-config.ts'

/** The groups that nodes of a workflow were made in, and the state they all share with what is private to each. */
export interface BuiltGroups {
  readonly records: ReadonlyMap<GroupDefinition, GroupRecord>
  readonly state: BuiltState
}

/** Reads the groups of the nodes in a table. Order: by their first node. */
export function buildGroups(
  table: NodesDefinition | null,
  shared: BuiltState,
  site: { readonly name: string; readonly issues: IssueList },
): BuiltGroups {
  const definitions = (table?.entries ?? []).flatMap(([, node]) => nodeDefinitionOf(node)?.group ?? [])
  const records = new Map<GroupDefinition, GroupRecord>()
  let state = shared
  for (const definition of new Set(definitions)) {
    const built = buildGroup(definition, { ...site, shared, taken: [...records.values()] })
    if (built === undefined) continue
    records.set(definition, built.record)
    state = withPrivate(state, built, site.issues)
  }
  return { records, state }
}

interface BuiltGroup {
  readonly record: GroupRecord
  readonly state: BuiltState
}

function buildGroup(
  { name, config, source }: GroupDefinition,
  site: {
    readonly name: string
    readonly issues: IssueList
    readonly shared: BuiltState
    readonly taken: readonly GroupRecord[]
  },
): BuiltGroup | undefined {
  const { issues, shared, taken } = site
  const place = placeOf(`${site.name}.groups.${typeof name === 'string' ? name : ''}`, source)
  if (typeof name !== 'string' || !isName(name)) {
    issues.add('WAYSTONE_DEFINITION_BAD_NAME', place, {
      message: `group name ${describeValue(name)} is no valid name`,
      hint: 'Names of groups start with a letter and go on with letters, digits, _ and -.',
    })
    return undefined
  }
  if (taken.some((other) => other.name === name)) {
    issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
      message: `two groups are named ${JSON.stringify(name)}`,
      hint: 'Make a group once, and all of its nodes with what w.group returned.',
    })
    return undefined
  }
  const written: Written = { config, place, subject: `group ${JSON.stringify(name)}`, issues }
  checkKeys(written, ['state', 'exports', 'verdicts', 'own', 'description'])
  const state = buildState(shapeOf(written), place, issues)
  const own = ownOf(written)
  return {
    record: {
      name,
      keys: Object.keys(state.records),
      exports: readStateKeys(written, 'exports', new Set(Object.keys(shared.records))),
      verdicts: readNames(written, 'verdicts'),
      ...(own.length > 0 && { own }),
      description: readText(written, 'description', ''),
      place,
    },
    state,
  }
}

function shapeOf(written: Written): object {
  const shape = written.config['state'] ?? {}
  if (isRecord(shape)) return shape
  refuseValue(written, 'state', 'an object of schemas')
  return {}
}

function ownOf(written: Written): readonly GroupOwn[] {
  const names = readNames(written, 'own')
  const known: readonly string[] = groupOwns
  if (names.some((name) => !known.includes(name))) refuseValue(written, 'own', `a list of ${listOfNames(known)}`)
  return groupOwns.filter((name) => names.includes(name))
}

function withPrivate(state: BuiltState, { record, state: own }: BuiltGroup, issues: IssueList): BuiltState {
  for (const key of record.keys) {
    if (!Object.hasOwn(state.records, key)) continue
    const place: Place = { ...record.place, path: `${record.place.path}.state.${key}` }
    issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
      message: `state key ${JSON.stringify(key)} of group ${JSON.stringify(record.name)} is a key of the shared state, or of another group`,
      hint: 'Give it a name of its own.',
    })
  }
  const marked = Object.entries(own.records).map(([key, entry]) => [key, { ...entry, group: record.name }] as const)
  return {
    records: { ...state.records, ...Object.fromEntries(marked) },
    reducers: new Map([...state.reducers, ...own.reducers]),
    stateSchemas: new Map([...state.stateSchemas, ...own.stateSchemas]),
    patchSchemas: new Map([...state.patchSchemas, ...own.patchSchemas]),
  }
}
