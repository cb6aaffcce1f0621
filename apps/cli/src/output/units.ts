/** Writes a duration shortly: `0.3 s`, `12 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. @param durationMs - ms */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.max(0, Math.round(durationMs))} ms`
  if (durationMs < 10_000) return `${(durationMs / 1000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return pair([Math.floor(seconds / 60), 'min'], [seconds % 60, 's'])
  if (seconds < 86_400) return pair([Math.floor(seconds / 3600), 'h'], [Math.floor((seconds % 3600) / 60), 'min'])
  return pair([Math.floor(seconds / 86_400), 'd'], [Math.floor((seconds % 86_400) / 3600), 'h'])
}

function pair([major, majorUnit]: readonly [number, string], [minor, minorUnit]: readonly [number, string]): string {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`
}

/** Writes money: `$0`, `$0.0042`, `$1.27`. @param costUsd - USD */
export function formatCost(costUsd: number): string {
  if (costUsd === 0) return '$0'
  if (costUsd < 0.0001) return '<$0.0001'
  return `$${costUsd.toFixed(costUsd < 0.1 ? 4 : 2)}`
}

/** Writes a count with thousands apart: `12,400`. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Writes a moment as UTC to the second: `2026-11-21 09:15:02Z`. @param at - ms since the epoch */
export function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** Writes a moment that people act by, on their own clock: `23:31:02 (in 2 min)`, `2026-11-23 09:00 (in 2 d)`, `21:02:11 (5 s ago)`. @param at - ms since the epoch @param now - as well */
export function formatMoment(at: number, now: number): string {
  const [moment, today] = [new Date(at), new Date(now)]
  const two = (part: number): string => String(part).padStart(2, '0')
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}`
  const isToday = moment.toDateString() === today.toDateString()
  const clock = isToday
    ? `${time}:${two(moment.getSeconds())}`
    : `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${time}`
  return `${clock} (${at > now ? `in ${formatDuration(at - now)}` : `${formatDuration(now - at)} ago`})`
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** Reads `90s`, `30m`, `12h`, `7d`, `2w`. @returns ms; undefined when the text is none of these */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim())
  if (match === null) return undefined
  // The pattern admits only these letters.
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
}
