/** One commit of a made-up history. */
export interface InventedCommit {
  readonly message: string
  readonly file: string
  /** A tag on it. */
  readonly tag?: string
}

/** Writes a straight history in git's fast-import format. Order: oldest first. */
export function fastImport(commits: readonly InventedCommit[]): string {
  const lines = commits.flatMap(({ message, file, tag }, index) => {
    const who = `Ada <ada@example.org> ${1_767_258_000 + index * 60} +0000`
    const data = `data ${Buffer.byteLength(message)}\n${message}`
    const from = index === 0 ? [] : [`from :${index}`]
    const tagged = tag === undefined ? [] : [`reset refs/tags/${tag}`, `from :${index + 1}`, '']
    return [
      'commit refs/heads/main',
      `mark :${index + 1}`,
      `committer ${who}`,
      data,
      ...from,
      `M 644 inline ${file}`,
      'data 1',
      String(index % 10),
      '',
      ...tagged,
    ]
  })
  return `${lines.join('\n')}\n`
}
