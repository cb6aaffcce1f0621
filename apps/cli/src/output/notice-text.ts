import { eventWord, type RuntimeOptions } from '@waystone/core'
import type { Context } from '../command.ts'
import { nodeText } from './node-text.ts'
import { printableLine } from './printable.ts'
import { formatDuration } from './units.ts'

type RuntimeNotice = Parameters<NonNullable<RuntimeOptions['onNotice']>>[0]

/** A remark of the runtime, for people. A drive that stopped says nothing here: its error is reported where the run is awaited. */
export function noticeLines(notice: RuntimeNotice, { around }: Pick<Context, 'around'>): readonly string[] {
  switch (notice.type) {
    case 'lease.awaited': {
      const { owner, until, runId } = notice
      return [
        `Run ${runId} belongs to process ${owner.pid} on ${printableLine(owner.host)}, which may be gone: waiting ${formatDuration(until - around.now())} for its lease to end.`,
      ]
    }
    case 'call.never-made': {
      const { runId, node, limit, need, max } = notice
      return [
        `Run ${runId}: one model call of ${nodeText(node)} may cost ${need} USD, and limit ${limit} allows ${max}: it is never made.`,
      ]
    }
    case 'behaviour.changed':
      return [
        `Prompts or models of ${notice.workflow} differ from those run ${notice.runId} began with; it goes on with the new ones.`,
      ]
    case 'event.dropped':
      return [
        `Run ${notice.runId}: ${article(eventWord(notice.event))} could not be used: ${printableLine(notice.message)}`,
      ]
    case 'permit.awaited': {
      const { resource, ahead, until, node, items, undoes, runId } = notice
      const reasons = {
        concurrent: 'too many are under way',
        rate: 'too many have begun',
        blocked: 'its provider said to wait',
      }
      const line = ahead === 0 ? '' : `, ${ahead} ahead`
      const wait = until === null ? '' : `, ${formatDuration(Math.max(0, until - around.now()))} at least`
      const what = undoes === undefined ? '' : `, to undo step ${undoes},`
      return [
        `Run ${runId}: node ${nodeText(node, items)}${what} waits for ${resourceText(resource)}: ${reasons[notice.reason]}${line}${wait}.`,
      ]
    }
    case 'run.parked':
      return [
        `Run ${notice.runId} is left alone here: the store of ${notice.groups.map((group) => `group ${printableLine(group)}`).join(', ')} is not bound.`,
      ]
    case 'run.stopped':
      return []
  }
}

function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`
}

/** `model fast` for `model:fast`. */
export function resourceText(resource: string): string {
  return printableLine(resource.replace(':', ' '))
}
