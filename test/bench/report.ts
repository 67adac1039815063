import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GOALS } from './goals.ts'
import { capacityLines } from './report-capacity.ts'
import type { RunRecord } from './run-record.ts'
import { shown } from './show-line.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = join(ROOT, 'docs/performance.md')

/** Runs that were kept by `--json`, the last of each benchmark. */
export function readRecords(file: string): readonly RunRecord[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const records = lines.map((line) => JSON.parse(line) as RunRecord)
  return [...new Map(records.map((record) => [record.bench, record])).values()]
}

/** Writes docs/performance.md. */
export function writeReport(records: readonly RunRecord[]): void {
  writeFileSync(PAGE, pageOf(records))
}

function pageOf(records: readonly RunRecord[]): string {
  const byBench = new Map(records.map((record) => [record.bench, record]))
  const others = records.filter(({ bench }) => !GOALS.some((goal) => goal.bench === bench))
  return `${[
    '# Performance',
    '',
    'Written by `pnpm bench --report`; do not edit. What was measured, beside a base that ran in turn with it in the same run:',
    'trust the ratios, not the absolute figures, because other programs used the same processors (`load`, of the last minute).',
    'A figure is the median of the rounds, the spread their least and most.',
    '',
    ...goalTable(byBench),
    '',
    ...GOALS.flatMap(({ number, bench, about }) => section(`${number}. ${bench}: ${about}`, byBench.get(bench))),
    ...others.flatMap((record) => section(`${record.bench} (no goal)`, record)),
    ...capacityLines(byBench),
    ...furtherPages(),
  ].join('\n')}\n`
}

function goalTable(byBench: ReadonlyMap<string, RunRecord>): readonly string[] {
  const rows = GOALS.flatMap(({ number, bench }) => {
    const goals = byBench.get(bench)?.results.filter(({ goal }) => goal) ?? []
    if (goals.length === 0) return [`| ${number} | ${bench} | not measured | | | |`]
    return goals.map((line) => {
      const { name, figure, ratio, goal, verdict } = shown(line)
      return `| ${number} | ${bench} | ${name} | ${ratio || figure} | ${goal} | ${verdict} |`
    })
  })
  return ['| | benchmark | what | measured | goal | |', '|---|---|---|---|---|---|', ...rows]
}

function section(title: string, record: RunRecord | undefined): readonly string[] {
  if (!record) return []
  const { bench, at, commit, node, machine, load, seconds, results } = record
  return [
    `## ${title}`,
    '',
    `\`pnpm bench ${bench}\`, ${seconds} s, ${at.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}, Node ${node}, ${machine}, load ${load}.`,
    '',
    '| | measured | ratio | spread | n | goal | |',
    '|---|---|---|---|---|---|---|',
    ...results.map((line) => `| ${Object.values(shown(line)).join(' | ')} |`),
    '',
  ]
}

/** What profiles have shown, and what was tried, is written by hand. */
function furtherPages(): readonly string[] {
  const pages = globSync('docs/performance/*.md', { cwd: ROOT }).sort()
  if (pages.length === 0) return []
  const titled = pages.map((page) => {
    const [title = page] = readFileSync(join(ROOT, page), 'utf8').split('\n')
    return `- [${title.replace(/^# /, '')}](${page.replace('docs/', '')})`
  })
  return ['## Profiles, and what was tried', '', ...titled]
}
