/* oxlint-disable max-lines -- one table: a code is found, and told apart from the others, in one place */
import type { FailureName } from './failure-names.ts'

/** Whose fault an error is, and so what happens next. One class per family. */
export type ErrorFamily = 'definition' | 'input' | 'node' | 'store' | 'replay' | 'bug'

/** One code. */
export interface CodeEntry {
  readonly family: ErrorFamily
  /** One sentence: what it means. */
  readonly means: string
  /** One sentence: what to do about it. */
  readonly remedy: string
  /** What has gone wrong, by its name; absent: none of those. */
  readonly failure?: FailureName
}

/**
 * Every code that Waystone can give, with its meaning and remedy. Codes are stable for ever: rename nothing, reuse nothing.
 *
 * Source: docs/errors.md is checked against this table.
 */
export const errorCodes = {
  WAYSTONE_DEFINITION_BAD_DURATION: {
    family: 'definition',
    means: 'A duration is not a number of milliseconds and not a number with a unit.',
    remedy: "Write milliseconds, or a number with ms, s, m, h or d, such as `'30m'`; more than 0.",
  },
  WAYSTONE_DEFINITION_BAD_EMIT: {
    family: 'definition',
    means:
      'An edge emits an event that no node is on, that several are on without a join, or that carries something; or a node is on an event that no edge emits.',
    remedy:
      'Give one node `on: event`, or several and the edge a `join`; make the event with `w.event(name)`, without a schema.',
  },
  WAYSTONE_DEFINITION_BAD_EVENT: {
    family: 'definition',
    means: 'Something that is no event stands where one is expected, or one name means two events in a run.',
    remedy: "Make events with `w.event('paid', schema)`, and give two that carry different things different names.",
  },
  WAYSTONE_DEFINITION_BAD_GUARD: {
    family: 'definition',
    means: 'Something that is no guard stands where a guard is expected.',
    remedy: 'Make guards with `w.guard`, and combine them with `w.not`, `w.all` and `w.any`.',
  },
  WAYSTONE_DEFINITION_BAD_LIMIT: {
    family: 'definition',
    means:
      'A limit is negative, not whole, not finite, less than the first node needs, or `per` or `otherwise` stands without a limit.',
    remedy: 'Give a whole number, 0 or more (for `costUsd` any amount), on the edge or in `limits`.',
  },
  WAYSTONE_DEFINITION_BAD_NAME: {
    family: 'definition',
    means:
      'A name of a workflow, node, outcome, tool, guard or state key is missing or has characters that are not allowed.',
    remedy: 'Start with a letter and go on with letters, digits, `_` and `-`.',
  },
  WAYSTONE_DEFINITION_BAD_NESTING: {
    family: 'definition',
    means: 'A node nests something that is no workflow, two workflows of one name, or more levels than are allowed.',
    remedy:
      'Give `w.nested`, or `item` of a map, a workflow, each with a name of its own, at most 8 levels deep with the outermost.',
  },
  WAYSTONE_DEFINITION_BAD_NODE: {
    family: 'definition',
    means: 'Something that is no node stands where a node is expected, or `nodes` is not what `w.nodes` returned.',
    remedy:
      'Make nodes with `w.agent`, `w.tool`, `w.gate`, `w.approval`, `w.task`, `w.map`, `w.wait`, `w.join` or `w.nested`, and name them with `w.nodes`.',
  },
  WAYSTONE_DEFINITION_BAD_POLICY: {
    family: 'definition',
    means: 'A policy is about a tool that no node uses, or does not name a node and its outcome.',
    remedy: "Write `{ never: tool, without: [n.node, 'outcome'] }` with a tool and a node of this workflow.",
  },
  WAYSTONE_DEFINITION_BAD_RULE: {
    family: 'definition',
    means: "A merge rule does not fit its key's schema, or is incomplete.",
    remedy:
      'Lists: `append` and `union` over the schema of an item. Objects: `merge`. Numbers: `max`, `min`, `sum`. Anything: `replace` and `reducer`.',
  },
  WAYSTONE_DEFINITION_BAD_SCHEMA: {
    family: 'definition',
    means: 'A schema holds values that do not survive JSON, or JSON Schema cannot express it.',
    remedy:
      'Use strings, numbers, booleans, null, literals, enums, lists, objects, records and unions of these; dates as ISO strings; `z.json()` for any JSON.',
  },
  WAYSTONE_DEFINITION_BAD_TOOL: {
    family: 'definition',
    means: 'Something that is no tool stands where a tool is expected.',
    remedy: 'Make tools with `defineTool`.',
  },
  WAYSTONE_DEFINITION_BAD_VALUE: {
    family: 'definition',
    means: 'An option has a value of the wrong kind.',
    remedy: 'Give the option what the message says is expected.',
  },
  WAYSTONE_DEFINITION_BRANCHES_MEET_BEFORE_JOIN: {
    family: 'definition',
    means: 'Branches of a fork meet before their join in a way in which they cannot wait for one another.',
    remedy:
      'Lead no way back to before where they meet, give each branch nodes of its own, or put what they share behind the join.',
  },
  WAYSTONE_DEFINITION_BRANCH_ENTERED_FROM_OUTSIDE: {
    family: 'definition',
    means: 'An edge, the start or `limits.exhausted` leads into the middle of a branch.',
    remedy: 'Lead to the node that forks, or behind the join.',
  },
  WAYSTONE_DEFINITION_BRANCH_LEAVES_FORK: {
    family: 'definition',
    means: 'An edge leads out of a branch while other branches go on.',
    remedy: 'Lead to the join, or mark the edge with `cancelsFork: true`, which ends the other branches.',
  },
  WAYSTONE_DEFINITION_BRANCH_RETURNS_BEFORE_FORK: {
    family: 'definition',
    means: 'A branch leads back to the node that forked into it.',
    remedy: 'Lead to the join and go back from there, or mark the edge with `cancelsFork: true`.',
  },
  WAYSTONE_DEFINITION_CANCELS_NO_BRANCH: {
    family: 'definition',
    means: 'An edge cancels nodes that are in no branch beside its own.',
    remedy: 'Name nodes of branches beside it in `cancels`, on an edge that ends its own branch.',
  },
  WAYSTONE_DEFINITION_COST_UNKNOWN: {
    family: 'definition',
    means: 'A bound on cost is declared, but not every model that the workflow asks has a price.',
    remedy: 'Give prices by model name, or take `costUsd` out of the limits.',
  },
  WAYSTONE_DEFINITION_DEFAULT_UNSAFE: {
    family: 'definition',
    means: 'An unsafe tool is what happens when nothing else was decided.',
    remedy: 'Guard the edge into the tool, and let the default lead to a person or an end.',
  },
  WAYSTONE_DEFINITION_DUPLICATE: {
    family: 'definition',
    means: 'Two things have one name, or one node has two names.',
    remedy: 'Rename one of them, or use the same object.',
  },
  WAYSTONE_DEFINITION_FOREIGN_NODE: {
    family: 'definition',
    means: 'An edge, a policy or `start` names a node that was not given to this workflow.',
    remedy: 'Use the nodes of the `w.nodes` table that this workflow was given.',
  },
  WAYSTONE_DEFINITION_FOREIGN_STATE: {
    family: 'definition',
    means: 'A node or guard was made with the state of another workflow, even if that state looks the same.',
    remedy: 'Make nodes, guards and workflow with the same `defineState` result.',
  },
  WAYSTONE_DEFINITION_FORK_ACROSS_BRANCHES: {
    family: 'definition',
    means: 'A fork inside a branch joins outside of it, or the other way round.',
    remedy: 'Join in the branch that forked.',
  },
  WAYSTONE_DEFINITION_FORK_TOO_WIDE: {
    family: 'definition',
    means: 'A fork has more than 64 branches.',
    remedy: 'Use a map for work that is alike, or fork inside branches.',
  },
  WAYSTONE_DEFINITION_HEARS_NOTHING: {
    family: 'definition',
    means: 'A node hears a gate or approval that never comes before it.',
    remedy: 'Take it out of `hears`, or add an edge that leads from it to the node.',
  },
  WAYSTONE_DEFINITION_JOIN_MISMATCH: {
    family: 'definition',
    means:
      'An edge from outside its branches leads to a join, forks with different branches name one join, or none does.',
    remedy: 'Lead only branches of its own forks to a join, and give each set of branches its own.',
  },
  WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE: {
    family: 'definition',
    means: 'A join waits for more branches than can ever reach it, or than are sure to.',
    remedy: 'Wait for fewer, or lead every branch to the join.',
    failure: 'deadlock',
  },
  WAYSTONE_DEFINITION_LIMIT_BELOW_CALL: {
    family: 'definition',
    means:
      'One call alone needs more than a limit of the workflow allows, so it is never made. An error where every path to an end leads to it, else a warning.',
    remedy: 'Raise the limit, or lower maxInputTokens and maxOutputTokens of the node, or bind cheaper models.',
  },
  WAYSTONE_DEFINITION_LIMIT_WITHOUT_OTHERWISE: {
    family: 'definition',
    means: 'The last edge of an outcome has a limit, and nothing says where to go when it is used up.',
    remedy: 'Give the edge `otherwise`, or add a last edge without guard and limit.',
    failure: 'routing-error',
  },
  WAYSTONE_DEFINITION_MISSING_EDGE: {
    family: 'definition',
    means: "An outcome of a node's own has no edge.",
    remedy: 'Route it to a node, `END` or `FAIL`.',
    failure: 'routing-error',
  },
  WAYSTONE_DEFINITION_MISSING_TARGET: {
    family: 'definition',
    means: 'An edge leads to nothing.',
    remedy: 'Give a node of this workflow as `n.name`, `END` or `FAIL`.',
    failure: 'routing-error',
  },
  WAYSTONE_DEFINITION_MODEL_SCHEMA: {
    family: 'definition',
    means: 'A model cannot be asked for output or arguments of this schema.',
    remedy:
      'Use an object at the root, every property required (nullable instead of optional), no records, no tuples, no open objects.',
  },
  WAYSTONE_DEFINITION_MODEL_UNBOUND: {
    family: 'definition',
    means: 'A node asks a model that is not bound.',
    remedy: 'Bind the name in `models`, or use one of the bound names.',
  },
  WAYSTONE_DEFINITION_NOT_EXPORTED: {
    family: 'definition',
    means: 'Something of a group crosses its border that the group does not export.',
    remedy: 'Add the key to `exports`, or the gate to `verdicts`, of the group; or keep it inside.',
  },
  WAYSTONE_DEFINITION_NO_DEFAULT: {
    family: 'definition',
    means: 'An outcome has no edge that is always taken when the others are not.',
    remedy: 'Add a last edge without guard.',
    failure: 'routing-error',
  },
  WAYSTONE_DEFINITION_NO_END: {
    family: 'definition',
    means: 'A node cannot reach an end.',
    remedy: 'Add an edge that leads on to END or FAIL.',
  },
  WAYSTONE_DEFINITION_OUTPUT_NEVER_WRITTEN: {
    family: 'definition',
    means: 'An output key is neither input nor written by any node.',
    remedy: 'Take the key out of `output`, or write it.',
    failure: 'missing-input',
  },
  WAYSTONE_DEFINITION_PARALLEL_READER: {
    family: 'definition',
    means: 'A branch reads what another branch of the same fork writes.',
    remedy: 'Read it behind the join, or write to another key.',
    failure: 'conflict',
  },
  WAYSTONE_DEFINITION_PARALLEL_WRITERS: {
    family: 'definition',
    means: 'Branches of one fork write a key that has no merge rule.',
    remedy: 'Give the key a merge rule, or write a key for each branch.',
    failure: 'conflict',
  },
  WAYSTONE_DEFINITION_POLICY_NOT_PROVABLE: {
    family: 'definition',
    means: 'A policy holds only if what its `given` reads does not change, and a node on the way writes it.',
    remedy: 'Do not write the key between the guarded edge and the tool, or route by the guard again after it.',
  },
  WAYSTONE_DEFINITION_POLICY_VIOLATED: {
    family: 'definition',
    means: 'A tool can run without the outcome that a policy asks for.',
    remedy: 'Lead every path through the outcome: after each run of the tool, and after each change of what was shown.',
  },
  WAYSTONE_DEFINITION_PRIVATE_KEY: {
    family: 'definition',
    means:
      'A node, guard, input or output outside of a group uses a state key that is private to it, or one group with a store of its own nests another.',
    remedy:
      'Let a node of the group write what others need to a key that it exports; give only the outer group a store.',
  },
  WAYSTONE_DEFINITION_READ_BEFORE_WRITE: {
    family: 'definition',
    means: 'A required key may be read before any node has written it.',
    remedy: 'Write the key on every path before, take it from the input, or make it optional.',
    failure: 'missing-input',
  },
  WAYSTONE_DEFINITION_SECRET_NAME: {
    family: 'definition',
    means: 'The name of a secret is malformed.',
    remedy:
      'Use letters, digits, `_`, `.` and `-`, beginning with a letter, 64 at most; the name stands in the graph, the value never.',
  },
  WAYSTONE_DEFINITION_SEES_NO_FORK: {
    family: 'definition',
    means: "A node has `sees: 'fork'` and is in no branch of a fork.",
    remedy: 'Take it out, or put the node into a branch.',
  },
  WAYSTONE_DEFINITION_SHADOWED_EDGE: {
    family: 'definition',
    means: 'An edge is never taken, because the edges before it always are, or its guard never holds.',
    remedy: 'Take it out, or move it before the edge that is taken instead.',
    failure: 'routing-error',
  },
  WAYSTONE_DEFINITION_SHAPES_DIFFER: {
    family: 'definition',
    means:
      'What a node reads does not fit what its tool or agent takes, or what comes back does not fit the keys it writes.',
    remedy: 'Map between them with `input` or `apply`, or change what the node reads and writes.',
    failure: 'bad-output',
  },
  WAYSTONE_DEFINITION_APPROVAL_SWITCHED_OFF: {
    family: 'definition',
    means:
      'An agent says `approval: false` of a tool that asks people about its calls, and no policy says when it may run.',
    remedy: 'Leave it out, ask under a condition, or say with a policy when the tool may run.',
  },
  WAYSTONE_DEFINITION_ESCALATES_TO_NOBODY: {
    family: 'definition',
    means: 'A request is escalated to a role, but only the named persons of its quorum may decide it.',
    remedy: 'Name in `delegates` who may decide for whom then, or leave `of` out so that anybody counts.',
  },
  WAYSTONE_DEFINITION_TOOL_ASKS_NOBODY: {
    family: 'definition',
    means: 'A node runs a tool whose calls by agents people are asked about, and on a path to it nobody has approved.',
    remedy: 'Lead every path through an approval, or say with a policy when the tool may run.',
  },
  WAYSTONE_DEFINITION_TOOL_NEVER_CALLED: {
    family: 'definition',
    means: 'The rules of an agent keep one of its tools from ever being called.',
    remedy:
      'Let its condition be able to hold, and let the tools it comes after be callable before it, and let `maxCalls` be 1 or more.',
  },
  WAYSTONE_DEFINITION_UNKNOWN_KEY: {
    family: 'definition',
    means: 'An option does not exist.',
    remedy: 'Check the spelling; the message lists the options there are.',
  },
  WAYSTONE_DEFINITION_UNKNOWN_NODE: {
    family: 'definition',
    means: 'Edges or `hears` name a node that does not exist, or that cannot be heard.',
    remedy: 'Use the names of the `w.nodes` table; only gates and approvals can be heard.',
    failure: 'routing-error',
  },
  WAYSTONE_DEFINITION_UNKNOWN_OUTCOME: {
    family: 'definition',
    means: 'Edges or a policy name an outcome that the node cannot have.',
    remedy:
      'The message lists the outcomes there are; some exist only with `timeout`, `edits`, `expiresIn` or `canAskBack`.',
  },
  WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY: {
    family: 'definition',
    means:
      'A node, guard, input, output or response names a key that the state does not have, or an approval edits a key it does not show.',
    remedy: 'Declare the key in `defineState`, or correct the name.',
  },
  WAYSTONE_DEFINITION_UNLIMITED_CYCLE: {
    family: 'definition',
    means: 'A cycle has no limit that holds inside it, so the run need not end.',
    remedy: 'Give one edge of the cycle a `limit` whose `per` node is not in the cycle, and an `otherwise`.',
    failure: 'stall',
  },
  WAYSTONE_DEFINITION_UNREACHABLE: {
    family: 'definition',
    means: 'No path from the start leads to the node.',
    remedy: 'Add an edge to it, or take it out.',
    failure: 'routing-error',
  },
  WAYSTONE_INPUT_ARGUMENT: {
    family: 'input',
    means: 'An argument or option of the command does not mean anything.',
    remedy: 'Give what the message says is allowed; `--help` shows an example.',
  },
  WAYSTONE_INPUT_CONFIG: {
    family: 'input',
    means: "A configuration, or a workflow file's `offlineModels`, has not the shape it must have.",
    remedy:
      'Export `defineConfig({ … })` by default from waystone.config.ts; `offlineModels` is an object of models by name.',
  },
  WAYSTONE_INPUT_COST_LIMIT: {
    family: 'input',
    means:
      'One model call, which every path of the run leads to, or of an agent with a limit of its own, may cost more than the limit allows.',
    remedy: 'Raise the limit costUsd, bind cheaper models, or lower maxInputTokens and maxOutputTokens of the node.',
  },
  WAYSTONE_INPUT_CURSOR: {
    family: 'input',
    means: 'A cursor of events was not one.',
    remedy: 'Give back the `cursor` of an event as it was, or leave it out to begin at the start.',
  },
  WAYSTONE_INPUT_DECISION: {
    family: 'input',
    means:
      'A decision does not fit its request: edits or the answer have the wrong shape, or a required part is missing.',
    remedy: 'Look at the request: `options`, `edits` and `responseSchema` say what is allowed.',
  },
  WAYSTONE_INPUT_EVENT: {
    family: 'input',
    means: "What was sent with an event does not fit the event's schema, or its id or key is no text.",
    remedy: 'Send what the schema describes; the message names the path.',
  },
  WAYSTONE_INPUT_GROUPS_UNBOUND: {
    family: 'input',
    means: 'A group of the workflow has something of its own (secrets, store), and this runtime was not given it.',
    remedy: 'Give `groups: { name: { secrets, store } }` to `createRuntime`, or in waystone.config.ts.',
  },
  WAYSTONE_INPUT_KEY_TAKEN: {
    family: 'input',
    means: 'A run was started with a key that an earlier start of the same workflow had used with another input.',
    remedy:
      'Use a key of its own for each input; to look at the earlier run, open it by the id that the message names.',
  },
  WAYSTONE_INPUT_FILE_FAILED: {
    family: 'input',
    means:
      'A workflow or configuration file has a syntax error, imports something that is missing, or threw while it was loaded.',
    remedy: 'Mend the file at the place named; it must load by itself, without a run.',
  },
  WAYSTONE_INPUT_FILE_MISSING: {
    family: 'input',
    means: 'There is no module at the path that was given.',
    remedy: 'Check the path; it is relative to the working folder.',
  },
  WAYSTONE_INPUT_LAB_PORT: {
    family: 'input',
    means: 'A model lab was to listen on a port that is taken, or that is none.',
    remedy: 'Leave `port` out: the lab then takes a free one. Else end what listens there.',
  },
  WAYSTONE_INPUT_LAB_WAIT: {
    family: 'input',
    means: 'A test waited for requests at the model lab that did not come in time, or the lab was closed.',
    remedy: 'Look at the requests that the message lists; allow more time with `withinMs` when it is only slow.',
  },
  WAYSTONE_INPUT_MEMORY: {
    family: 'input',
    means: 'A request to the long-term memory is malformed: a scope, key, tag, size, cursor or time.',
    remedy: 'Give what the message says is allowed.',
  },
  WAYSTONE_INPUT_MEMORY_MISSING: {
    family: 'input',
    means: 'A workflow uses long-term memory, and the runtime has none.',
    remedy: "Give the runtime one: `memory: createSqliteMemory({ path: '.waystone/memory.db' })`.",
  },
  WAYSTONE_INPUT_MCP_LOCK: {
    family: 'input',
    means: 'A lock file of MCP tools is missing, was changed by hand, or does not have the tool.',
    remedy: 'Write it with `acceptMcpTools`, look at what it shows, and commit the file.',
  },
  WAYSTONE_INPUT_MODELS_MISSING: {
    family: 'input',
    means: 'A workflow asks for models by names that nothing is bound to.',
    remedy:
      'Without `--live`, export `offlineModels` from the workflow file or put them into waystone.config.ts; with `--live`, put `models` there.',
  },
  WAYSTONE_INPUT_NETWORK_FORBIDDEN: {
    family: 'input',
    means: 'A connection to another machine was tried while `forbidNetwork()` was in force.',
    remedy: 'Point the client at a model lab, or name the host in `allow`.',
  },
  WAYSTONE_INPUT_MODEL_OPTION: {
    family: 'input',
    means: 'An option of a model adapter has a value that it cannot have.',
    remedy: 'Give the option what the message says is allowed.',
  },
  WAYSTONE_INPUT_NOT_JSON: {
    family: 'input',
    means: 'A value does not survive JSON.',
    remedy: 'Convert it at the path named: dates to ISO strings, BigInt to string, class instances to plain objects.',
  },
  WAYSTONE_INPUT_NO_REQUEST: {
    family: 'input',
    means: 'A run was answered that asks nothing.',
    remedy: 'See `waystone show RUN`: it may have been decided elsewhere, have expired, or have ended.',
  },
  WAYSTONE_INPUT_PRICES_MISSING: {
    family: 'input',
    means: 'A workflow limits costUsd and a model it asks has no price, so its cost cannot be known.',
    remedy: 'Add the model to `prices` of the runtime, or remove the limit.',
  },
  WAYSTONE_INPUT_RECORDING_FILE: {
    family: 'input',
    means: 'A recording of the model lab is missing, unreadable, or of another format.',
    remedy: 'Record it first with `startModelLab({ record })`; the message names the file.',
  },
  WAYSTONE_INPUT_RECORDING_MISS: {
    family: 'input',
    means: 'A replaying model lab was asked something that its recording does not have, or not all that it has.',
    remedy: 'Undo the change that the difference shows, or record anew.',
  },
  WAYSTONE_INPUT_RUNTIME_CLOSED: {
    family: 'input',
    means: 'The runtime was used after it had been closed.',
    remedy: 'Create a new runtime over the same store.',
  },
  WAYSTONE_INPUT_RUNTIME_OPTION: {
    family: 'input',
    means: 'An option of the runtime is outside its range, or there is none of that name.',
    remedy: 'Give a value inside the range, or an option by one of the names, that the message lists.',
  },
  WAYSTONE_INPUT_RUN_AMBIGUOUS: {
    family: 'input',
    means: "The beginning of a run's id fits several runs.",
    remedy: 'Give more letters of the id; `waystone runs` lists them.',
  },
  WAYSTONE_INPUT_SCRIPT_UNUSED: {
    family: 'input',
    means:
      "A test's model script and what was asked of the model differ: answers were left over, or calls came that it does not have.",
    remedy: 'Make the script and the workflow agree; the message names the node and the index of the call.',
  },
  WAYSTONE_INPUT_SECRETS_MISSING: {
    family: 'input',
    means: "A tool of the workflow declares a secret that the runtime's resolver does not know.",
    remedy: 'Set the secret (by default an environment variable of that name), then start again.',
  },
  WAYSTONE_INPUT_SHELL_OPTIONS: {
    family: 'input',
    means: 'An option of a shell tool has a value that cannot be meant, or asks what its confinement cannot give.',
    remedy: 'Look at the message, which names the option, what was found and what is allowed.',
  },
  WAYSTONE_INPUT_STANDSTILL: {
    family: 'input',
    means:
      'A test waits for something on a virtual clock that has nothing left to do, or not within the time it allowed.',
    remedy: 'Look at what should have happened; allow more virtual time with `withinMs` when it is only slow.',
  },
  WAYSTONE_INPUT_START: {
    family: 'input',
    means: "The input of a run does not fit the workflow's input schema, or a start has no option of that name.",
    remedy: 'Mend the input at the paths, or the option, that the message names; nothing has run.',
  },
  WAYSTONE_INPUT_WORKFLOW_AMBIGUOUS: {
    family: 'input',
    means: 'A file exports several workflows and none was named.',
    remedy: 'Name one: `FILE#export`.',
  },
  WAYSTONE_INPUT_WORKFLOW_MISSING: {
    family: 'input',
    means: 'A file exports no workflow, or none under the name that was given.',
    remedy: 'Export what `w.workflow(…)` returns and name that export.',
  },
  WAYSTONE_INPUT_WRONG_WORKFLOW: {
    family: 'input',
    means: 'A run was opened with another workflow than the one it was started with.',
    remedy: 'Open it with the workflow that the message names, or without one to look at it.',
  },
  WAYSTONE_STORE_CLOSED: {
    family: 'store',
    means: 'The store was used after it had been closed.',
    remedy: 'Close the runtime before the store, or create a new store over the same file.',
  },
  WAYSTONE_STORE_CONFLICT: {
    family: 'store',
    means: 'Another owner has advanced or taken the run; nothing was written.',
    remedy: 'Stop driving the run here. Open it again to see who owns it now.',
    failure: 'conflict',
  },
  WAYSTONE_STORE_CORRUPT: {
    family: 'store',
    means: 'Stored data is damaged, was changed by hand, or its chain of hashes does not hold.',
    remedy: 'Restore the store from a backup, or fork the run from the last sequence before the one named.',
  },
  WAYSTONE_STORE_FAILED: {
    family: 'store',
    means: 'The store could not do what it was asked for; the cause says why. Nothing was written.',
    remedy: 'Mend the cause (path, permissions, disk), then resume the run.',
  },
  WAYSTONE_STORE_FULL: {
    family: 'store',
    means: 'The disk of the store is full. Nothing was written.',
    remedy: 'Free space on that disk, then resume the run.',
  },
  WAYSTONE_STORE_LOCKED: {
    family: 'store',
    means: 'Another process held the lock of the store for too long. Nothing was written.',
    remedy: 'End the program that holds the file open (a database browser, a backup), then resume the run.',
  },
  WAYSTONE_STORE_NETWORK_DRIVE: {
    family: 'store',
    means: 'The store would lie on a network drive, where its locks and its log are not safe.',
    remedy: 'Choose a path on a local disk.',
  },
  WAYSTONE_STORE_NEWER_FORMAT: {
    family: 'store',
    means: 'The data was written by a newer Waystone than this one.',
    remedy: 'Upgrade Waystone to at least the version that wrote it.',
  },
  WAYSTONE_STORE_OWNED: {
    family: 'store',
    means: 'A live process owns the run and drives it.',
    remedy:
      'Wait for it, stop that process, or talk to the run through decisions and operator moves, which work from any process.',
  },
  WAYSTONE_STORE_PRIVATE: {
    family: 'store',
    means: "What was asked for needs values that are private to a group, and the group's own store is not bound here.",
    remedy: 'Give `groups: { name: { store } }` to `createRuntime` or in waystone.config.ts, or ask where it is bound.',
  },
  WAYSTONE_STORE_PRIVATE_MISSING: {
    family: 'store',
    means: "A group's own store does not have a value that a run refers to, or has another one in its place.",
    remedy:
      "Bind the store that the run was made with, or restore it from a backup as new as the run's own; the run goes on from there.",
  },
  WAYSTONE_STORE_READ_ONLY: {
    family: 'store',
    means: 'The store cannot be written: file, folder or disk is read-only for this user.',
    remedy: 'Give this user write permission for the file and its folder, or choose another path.',
  },
  WAYSTONE_STORE_REVISION: {
    family: 'store',
    means: 'An entry of the long-term memory is not at the revision that a write was made for; nothing was written.',
    remedy: 'Read the entry again, decide again, and write with its revision.',
  },
  WAYSTONE_STORE_RUN_EXISTS: {
    family: 'store',
    means: 'A run with this id is already stored.',
    remedy: 'Start with another run id, or open the run that exists.',
  },
  WAYSTONE_STORE_RUN_UNKNOWN: {
    family: 'store',
    means: 'No run with this id is in the store.',
    remedy: 'Check the id and the path of the store; `waystone runs` lists what is there.',
  },
  WAYSTONE_NODE_ABORTED: {
    family: 'node',
    means: 'An effect was told to stop and did, or did not end in time after it.',
    remedy: 'Nothing to mend; the run was cancelled or its runtime closed.',
  },
  WAYSTONE_NODE_BAD_INPUT: {
    family: 'node',
    means: "What a node made for its tool does not fit the tool's input schema; the tool was not run.",
    remedy: "Mend the node's input function, or what was written to the keys it reads.",
    failure: 'missing-input',
  },
  WAYSTONE_NODE_BAD_OUTCOME: {
    family: 'node',
    means: 'A task ended with an outcome that it does not declare.',
    remedy: 'Return one of its outcomes, or declare this one and route it.',
    failure: 'bad-output',
  },
  WAYSTONE_NODE_BAD_OUTPUT: {
    family: 'node',
    means: 'What a tool returned does not fit its output schema.',
    remedy: 'Mend the tool, or widen its output schema.',
    failure: 'bad-output',
  },
  WAYSTONE_NODE_BAD_PATCH: {
    family: 'node',
    means: 'A patch does not fit the schema of a state key.',
    remedy: "Mend the value at the key named, or the key's schema.",
    failure: 'bad-output',
  },
  WAYSTONE_NODE_BAD_WAIT: {
    family: 'node',
    means: 'The key of a wait is no text and no number, or the moment it waits for is no time.',
    remedy:
      'Give a text or number as the key, and ms since the epoch or UTC ISO-8601 as the moment; the run takes the `failed` edge.',
  },
  WAYSTONE_NODE_BAD_VERDICT: {
    family: 'node',
    means: 'A gate gave something else than one of its outcomes or a verdict.',
    remedy: 'Return an outcome it declares, or an object with outcome, reasons (a list), score (0 to 1) and positions.',
    failure: 'bad-output',
  },
  WAYSTONE_NODE_CALL_CHANGED: {
    family: 'node',
    means: 'A call is not the one that a person approved, or nobody approved it; the tool was not run.',
    remedy: 'Ask again. If nobody changed the store by hand, report it with run id and step.',
    failure: 'conflict',
  },
  WAYSTONE_NODE_DECLARED_FAILED: {
    family: 'node',
    means: 'A person said that an effect of unknown outcome failed.',
    remedy: 'Nothing to mend; route outcome failed of the node if the run should go on.',
  },
  WAYSTONE_NODE_DEADLOCK: {
    family: 'node',
    means: 'A join waited for more branches than could still reach it, and outcome `unsatisfied` has no edge.',
    remedy: 'Route `unsatisfied`, wait for fewer branches, or lead every branch to the join.',
    failure: 'deadlock',
  },
  WAYSTONE_NODE_NOT_APPROVED: {
    family: 'node',
    means: 'A person rejected the call of an item of a map, or nobody decided about it in time; it was not made.',
    remedy: "Say with the map's `failed` whether other items go on, and what their results are.",
  },
  WAYSTONE_NODE_FAIL_TAKEN: {
    family: 'node',
    means:
      'An edge led to FAIL although nothing had failed: the error names the node, how it ended, and the edge; of a join, the branches that failed.',
    remedy:
      'Lead that outcome elsewhere if the run should go on. The decision of the last checkpoint has the guards: show --why.',
  },
  WAYSTONE_NODE_GUARD_ERROR: {
    family: 'node',
    means: 'A guard threw, returned something else than true or false, or is not registered.',
    remedy: 'Make the guard a pure, synchronous function of the keys it reads that returns a boolean.',
    failure: 'routing-error',
  },
  WAYSTONE_NODE_HANDOFF_MISFIT: {
    family: 'node',
    means: 'What a model gave to hand over does not fit the contract of the handoff, also after its repair turns.',
    remedy: 'Simplify the contract, say in the description of the handoff what is wanted, or route outcome failed.',
    failure: 'bad-output',
  },
  WAYSTONE_NODE_LIMIT_REACHED: {
    family: 'node',
    means:
      'An agent or a nested workflow has used up one of its own limits before it was done; or a workflow whose limits.exhausted leads to FAIL has.',
    remedy: 'Route its outcome exhausted (limits.exhausted of a workflow), or raise the limit.',
  },
  WAYSTONE_NODE_MCP_CHANGED: {
    family: 'node',
    means: 'An MCP server offers a tool otherwise than it was accepted, or no longer; it was not called.',
    remedy: 'Look at what changed with `verify`, and accept it with `acceptMcpTools` if it is meant.',
  },
  WAYSTONE_NODE_MCP_FAILED: {
    family: 'node',
    means: 'An MCP server could not be reached, answered a call with an error, or gave back more than is allowed.',
    remedy: "Look at the message; the tool's retry policy decides about further attempts.",
  },
  WAYSTONE_NODE_MISSING_INPUT: {
    family: 'node',
    means: 'A node reads a required state key that has no value; its work was not begun.',
    remedy: 'Write the key on every path before the node, or make it optional; `check` finds the path.',
    failure: 'missing-input',
  },
  WAYSTONE_NODE_MODEL_CALLS_USED_UP: {
    family: 'node',
    means: 'A node has made its maxModelCalls model calls without an answer.',
    remedy: 'Raise maxModelCalls, give the agent fewer reasons to call tools, or route its outcome failed.',
  },
  WAYSTONE_NODE_MODEL_CUT: {
    family: 'node',
    means: "A model's answer was cut at its limit of output tokens.",
    remedy: 'Raise maxOutputTokens, ask for less, or route outcome failed.',
    failure: 'partial-result',
  },
  WAYSTONE_NODE_MODEL_FAILED: {
    family: 'node',
    means: 'A model could not be reached, or its service answered with an error.',
    remedy:
      "Look at the message and status; the node's retry policy decides about further attempts, its failed edge about the rest.",
  },
  WAYSTONE_NODE_MODEL_FILTERED: {
    family: 'node',
    means: "A model's provider withheld the answer.",
    remedy: 'Look at what was asked; route outcome failed to another model or a person.',
  },
  WAYSTONE_NODE_MODEL_NONSENSE: {
    family: 'node',
    means: 'What a model returned is no response: parts are missing or have the wrong type.',
    remedy: "Mend the model's adapter; its response must have message, finish, usage and model.",
    failure: 'bad-output',
  },
  WAYSTONE_NODE_MODEL_REFUSED: {
    family: 'node',
    means: 'A model declined to answer.',
    remedy: 'Change what is asked, or route outcome failed to another model or a person.',
  },
  WAYSTONE_NODE_NO_LIST: {
    family: 'node',
    means: 'What the function `over` of a map gave back is no list.',
    remedy: 'Give back a list of JSON values; an empty one when there is nothing to do.',
    failure: 'missing-input',
  },
  WAYSTONE_NODE_NO_ROUTE: {
    family: 'node',
    means: 'A node ended and none of its edges could be taken.',
    remedy: 'Add a last edge without guard for the outcome; waystone check finds this before a run.',
    failure: 'routing-error',
  },
  WAYSTONE_NODE_OUTCOME_UNKNOWN: {
    family: 'node',
    means: 'An unsafe effect was started and nobody knows whether it happened.',
    remedy: 'Find out, then answer the request of the run, or route outcome unknown of the node.',
  },
  WAYSTONE_NODE_OUTPUT_MISFIT: {
    family: 'node',
    means: 'The answer of a model does not fit the output schema, also after its repair turns.',
    remedy: 'Simplify the schema, say in the instructions what is wanted, or route outcome failed.',
    failure: 'bad-output',
  },
  WAYSTONE_NODE_OUTPUT_TOO_LARGE: {
    family: 'node',
    means: 'The output of a tool node has more bytes than its tool allows.',
    remedy: 'Let the tool give back less, such as a reference, or raise its maxOutputBytes.',
    failure: 'bad-output',
  },
  WAYSTONE_NODE_REDUCER_ERROR: {
    family: 'node',
    means: 'A reducer threw or gave something that is not JSON.',
    remedy: 'Make the reducer a pure function of the two values that returns JSON.',
    failure: 'conflict',
  },
  WAYSTONE_NODE_REQUEST_TOO_LARGE: {
    family: 'node',
    means: "A request to a model certainly has more tokens than its node's maxInputTokens; it was not sent.",
    remedy: 'Give the node less to read, bound what its tools return, or raise maxInputTokens.',
  },
  WAYSTONE_NODE_SCRIPT_ENDED: {
    family: 'node',
    means:
      'A scripted model of a test was called more often than its script has answers, or by a node that it does not know.',
    remedy: 'Add the answer to the script at the index that the message names, or find out why the call was made.',
  },
  WAYSTONE_NODE_MEMORY_TAG: {
    family: 'node',
    means: 'The scope of an effect in the long-term memory is by a tag that the run was not started with.',
    remedy: 'Start the run with that tag, or declare a scope without it.',
    failure: 'missing-input',
  },
  WAYSTONE_NODE_MEMORY_UNBOUND: {
    family: 'node',
    means: 'An effect asked for long-term memory in a runtime that has none.',
    remedy: 'Give the runtime the option `memory`, then resume.',
  },
  WAYSTONE_NODE_MEMORY_UNDECLARED: {
    family: 'node',
    means: 'An effect read or wrote long-term memory without having declared it.',
    remedy: "Declare `memory: { scope, access }` on the tool, task or gate; `access: 'write'` to write.",
  },
  WAYSTONE_NODE_SECRET_MISSING: {
    family: 'node',
    means: 'A secret that an effect asked for is not set.',
    remedy: 'Set it (by default an environment variable of that name), then resume or start again.',
    failure: 'missing-input',
  },
  WAYSTONE_NODE_SECRET_UNDECLARED: {
    family: 'node',
    means: 'An effect asked for a secret that its tool does not declare.',
    remedy: "Add the name to the tool's `secrets`.",
  },
  WAYSTONE_NODE_SHELL_CONFINEMENT: {
    family: 'node',
    means: 'This machine cannot confine programs as the shell tool asks; nothing was started.',
    remedy:
      "Install what the message names, or ask for less by name: `confinement: 'process'`, which holds no hostile program.",
  },
  WAYSTONE_NODE_SHELL_FAILED: {
    family: 'node',
    means:
      'A command of a shell tool could not be started: its program, folder or arguments are not what they must be.',
    remedy: 'Look at the message; a program that ran and failed is a result with its exit code, not this error.',
  },
  WAYSTONE_NODE_STALLED: {
    family: 'node',
    means: 'A run went on without progress for as many transitions as `limits.stall` allows.',
    remedy: 'Look at the transitions before with --why; lead `limits.stall` to a node that plans anew, or to a person.',
    failure: 'stall',
  },
  WAYSTONE_NODE_THREW: {
    family: 'node',
    means: 'Author code of a node threw something.',
    remedy: 'Look at the message; throw nodeFailure(message, { retryable }) to say whether another attempt may help.',
  },
  WAYSTONE_NODE_TIMEOUT: {
    family: 'node',
    means: 'An attempt took longer than the timeout of its node or tool.',
    remedy: 'Raise the timeout, allow more attempts, or route outcome timeout.',
    failure: 'timeout',
  },
  WAYSTONE_NODE_TOO_MANY_ITEMS: {
    family: 'node',
    means: 'A map was to go over more items than its `maxItems`; none was begun.',
    remedy: "Raise `maxItems`, hand it a shorter list, or say `excess: 'cut'`.",
  },
  WAYSTONE_NODE_WRITE_UNDECLARED: {
    family: 'node',
    means: 'A patch holds a state key that its node does not declare in writes.',
    remedy: 'Add the key to writes, or leave it out of the patch.',
    failure: 'bad-output',
  },
  WAYSTONE_REPLAY_DEFINITION_CHANGED: {
    family: 'replay',
    means: 'The workflow was changed since the run began, so the run cannot go on with it.',
    remedy: 'Give the runtime the version the run began with as well, or fork the run.',
  },
  WAYSTONE_REPLAY_DEFINITION_UNKNOWN: {
    family: 'replay',
    means: "This process knows no workflow with the run's graph; the run is parked.",
    remedy: 'Give the runtime the workflow, in the version the run began with.',
  },
  WAYSTONE_BUG_IMPURE_PLAN: {
    family: 'bug',
    means: 'Planning the same event twice gave two answers: a guard or reducer is not pure.',
    remedy: 'Make the guard or reducer named depend on its arguments only; no clock, no random, no variables outside.',
  },
  WAYSTONE_BUG_REGISTRY: {
    family: 'bug',
    means: 'Graph and registry of a compiled workflow do not belong together.',
    remedy: 'Report it with the workflow.',
  },
  WAYSTONE_BUG_FORK: {
    family: 'bug',
    means: 'A fork could not be made from a checkpoint that is in order.',
    remedy: 'Report it with the run file and the sequence.',
  },
  WAYSTONE_BUG_ROUTE_MISMATCH: {
    family: 'bug',
    means: 'The machine took another transition than the route decided.',
    remedy: 'Report it with the workflow and the event.',
  },
  WAYSTONE_BUG_STUCK: {
    family: 'bug',
    means: 'A run cannot go on: its start was not applied, or it neither waits nor has ended and nothing is under way.',
    remedy: "Report it with the run's history.",
  },
  WAYSTONE_INPUT_FORK: {
    family: 'input',
    means: 'A run cannot be forked there: nothing is open at that sequence; or nobody says who forks it and why.',
    remedy: 'Choose an earlier sequence, waystone show RUN lists them; give `by` and `reason`.',
  },
  WAYSTONE_INPUT_FORK_UNDONE: {
    family: 'input',
    means: 'The run has undone since what it had done by then: the fork would go on as if that still held.',
    remedy: 'Fork from before it was done, or say that it does not matter: `afterUndo`, or `--after-undo`.',
  },
  WAYSTONE_INPUT_FORK_PATCH: {
    family: 'input',
    means: 'A patch of a fork names a key that is no state key, or a value that does not fit it.',
    remedy: 'Give values that fit the schema of the state; the message names each path.',
  },
  WAYSTONE_INPUT_FORK_POLICY: {
    family: 'input',
    means:
      'In a fork a tool could run on a yes that is not for it: what was crossed in the origin was for the origin, or the patch of the fork changes what an approval has shown.',
    remedy:
      'Fork before the outcome was crossed, at the sequence that the message names, leave the key alone, or override the policy by name.',
  },
  WAYSTONE_INPUT_MOVE: {
    family: 'input',
    means: 'A hold or a cancel of a run does not say who makes it and why.',
    remedy: 'Give `by` and `reason`, texts that are not empty: they are stored with the move.',
  },
  WAYSTONE_INPUT_PATCH: {
    family: 'input',
    means:
      'A patch of a run is empty, does not say who makes it and why, names a key that is no state key, or a value that does not fit it.',
    remedy: 'Give values that fit the schema of the state; the message names each path.',
  },
  WAYSTONE_INPUT_REDIRECT: {
    family: 'input',
    means: 'A redirect does not say who makes it and why, or names a node or a tool that the workflow does not have.',
    remedy: 'Name a node that is declared `redirectable`; the message lists them.',
  },
  WAYSTONE_INPUT_RELEASE: {
    family: 'input',
    means:
      'The release of a held run does not say who makes it and why, or overrides something that is no tool of the workflow.',
    remedy: 'Give `by` and `reason`; name tools of the workflow, or of one nested in it.',
  },
  WAYSTONE_INPUT_RULE: {
    family: 'input',
    means: 'What was named is no id of a remembered decision, or nobody says who takes it back and why.',
    remedy: 'Give an id as `run.rules()`, `runtime.rules()` or `waystone rules` lists it.',
  },
  WAYSTONE_INPUT_QUESTION: {
    family: 'input',
    means: 'A question about a request, or its answer, is empty or too long, or does not say whose it is.',
    remedy: 'Give a text of up to 10,000 characters and `by`.',
  },
  WAYSTONE_INPUT_PATH: {
    family: 'input',
    means: 'A path names nothing in the state at that sequence.',
    remedy: 'Look at the state with --state and give a path of it, e.g. notes[0].text.',
  },
  WAYSTONE_INPUT_SEQUENCE: {
    family: 'input',
    means: 'A run has no checkpoint of that sequence.',
    remedy: 'Give a sequence from 0 to the last one that the message names.',
  },
  WAYSTONE_REPLAY_GRAPH_DIFFERS: {
    family: 'replay',
    means: 'A run was made by another definition of its workflow.',
    remedy: 'Use the version of the code that made it, or start a new run; the message lists what differs.',
  },
} as const satisfies Record<string, CodeEntry>

/** A code of the table {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes
