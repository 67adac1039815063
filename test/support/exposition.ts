/** One family as /metrics shows it. */
export interface Family {
  readonly type: string
  /** Every label name of its series, but for `le` of histograms. */
  readonly labels: ReadonlySet<string>
  /** Lines: what Prometheus would store, one series each. */
  readonly series: readonly string[]
}

/** Reads Prometheus' text format. A histogram's buckets, sum and count belong to its family. */
export function familiesOf(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { type: string; labels: Set<string>; series: string[] }>()
  for (const line of text.split('\n')) {
    const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (name) families.set(name, { type, labels: new Set(), series: [] })
    else if (line !== '' && !line.startsWith('#')) addSeries(families, line)
  }
  return families
}

function addSeries(families: Map<string, { labels: Set<string>; series: string[] }>, line: string): void {
  const [, name = '', labels = ''] = /^([\w:]+)(?:\{(.*)\})? /.exec(line) ?? []
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  if (!family) throw new Error(`a series without a type: ${name}`)
  family.series.push(line)
  for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) if (label !== 'le') family.labels.add(label)
}

export const seriesIn = (text: string): number => text.split('\n').filter((line) => /^[a-z]/i.test(line)).length
