import { personText, voidedText } from './person-text.ts'
import { formatPath, type Blame, type BlameApproval, type BlameEvent } from '@waystone/core'
import { printableExcerpt, printableLine } from './printable.ts'
import type { Style } from './style.ts'
import { formatTime } from './units.ts'

/** Who wrote a value, from what, and who approved it since. */
export function blameLines(blame: Blame, style: Style): readonly string[] {
  const label = (text: string): string => style('quiet', text.padEnd(10))
  return [
    `${style('strong', formatPath(blame.path))} = ${printableExcerpt(JSON.stringify(blame.value), 400)}`,
    `  ${label('written')}${writerText(blame)}, checkpoint ${blame.sequence}, ${formatTime(blame.at)}`,
    ...(blame.event === undefined ? [] : [`  ${label('came')}${eventText(blame.event)}`]),
    ...blame.calls.map(
      ({ tool, step, sequence, approval, isCached }) =>
        `  ${label('after')}tool ${tool}, step ${step}, checkpoint ${sequence}${isCached === true ? ', from the cache' : ''}${approval === undefined ? '' : `; ${approvalText(approval)}`}`,
    ),
    ...blame.reads.map(({ key, sequence }) => `  ${label('read')}${key}, as written by checkpoint ${sequence}`),
    ...blame.sources.map((source) => `  ${label('source')}${printableLine(source)}`),
    ...blame.approvals.map(
      (approval) =>
        `  ${label(approval.outcome === 'approved' ? 'approved' : 'decided')}${approval.node} ${approvalText(approval)}`,
    ),
  ]
}

function eventText({ event, key, by, through, sequence }: BlameEvent): string {
  const about = key === null ? '' : ` for ${printableExcerpt(key, 40)}`
  const whose = by === undefined ? '' : ` by ${printableLine(by)} (${printableLine(through ?? '')})`
  return `event ${printableLine(event)}${about}${whose}, checkpoint ${sequence}`
}

function approvalText(approval: BlameApproval): string {
  const { outcome, through, reason, sequence } = approval
  const why = reason === '' ? '' : `: ${printableLine(reason)}`
  return `${outcome} by ${personText(approval)} (${printableLine(through)}), checkpoint ${sequence}${voidedText(approval.voided)}${why}`
}

function writerText({ writer, model }: Blame): string {
  if (writer.type !== 'node')
    return writer.type === 'input' ? 'by the input' : `by the ${writer.type} of ${printableLine(writer.by)}`
  const visit = writer.visit > 1 ? `, visit ${writer.visit}` : ''
  return `by ${writer.node}${visit}, step ${writer.step}${model === null ? '' : `, model ${printableLine(model)}`}`
}
