import type { Workflow } from '@waystone/core'
import { agents } from './agents.ts'
import { board } from './board.ts'
import { budget } from './budget.ts'
import { alike, controlled } from './controlled.ts'
import { forks, quorum } from './forks.ts'
import { limited } from './limited.ts'
import { linear } from './linear.ts'
import { loop } from './loop.ts'
import { maps } from './maps.ts'
import { people } from './people.ts'
import { questions } from './questions.ts'
import { talk } from './talk.ts'
import { unsafe } from './unsafe.ts'

/** The workflows that simulations run, each over the parts of the engine that the others leave alone. Their inputs are one type. */
export const simulatedWorkflows = [
  linear,
  agents,
  loop,
  people,
  unsafe,
  budget,
  questions,
  talk,
  limited,
  forks,
  quorum,
  controlled,
  alike,
  board,
] as readonly unknown[] as readonly Workflow[]

/** Runs of maps have seeds of their own. */
export const mapWorkflows = [maps] as readonly unknown[] as readonly Workflow[]
