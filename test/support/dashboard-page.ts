import type { DashboardFile } from './dashboards.ts'
import type { Prometheus, Sample } from './prometheus.ts'

export interface Span {
  readonly seconds: number
  readonly step: number
}

type PanelOf = DashboardFile['panels'][number]
interface Line {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
}

const COLUMN_PX = 46
const ROW_PX = 34
const COLOURS = ['#1f77b4', '#d62728', '#2ca02c', '#ff7f0e', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f', '#17becf']

/** A page that shows a dashboard's panels with what a Prometheus answers: where Grafana would draw them, and plainer. */
export async function dashboardPage(dashboard: DashboardFile, prometheus: Prometheus, span: Span): Promise<string> {
  const drawn = await Promise.all(dashboard.panels.map((panel) => drawPanel(panel, prometheus, span)))
  const height = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW_PX
  return `<!doctype html><meta charset="utf-8"><style>
body{margin:16px;font:13px sans-serif;color:#222;background:#f4f5f5;width:${24 * COLUMN_PX}px}
h1{font-size:18px;margin:0 0 12px} main{position:relative;height:${height}px}
section{position:absolute;box-sizing:border-box;padding:8px;background:#fff;border:1px solid #ddd;overflow:hidden}
h2{font-size:13px;margin:0} b{display:block;font-size:26px;margin-top:14px;text-align:center} small{color:#555}
svg{display:block} ul{margin:0;padding:0;list-style:none;font-size:11px} li{display:inline-block;margin-right:10px}
</style><h1>${text(dashboard.title)}</h1><main>${drawn.join('')}</main>`
}

async function drawPanel(panel: PanelOf, prometheus: Prometheus, span: Span): Promise<string> {
  const { gridPos, title, type, targets, fieldConfig } = panel
  const { unit } = fieldConfig.defaults
  const width = gridPos.w * COLUMN_PX - 8
  const height = gridPos.h * ROW_PX - 8
  const lines = (
    await Promise.all(
      targets.map(async ({ expr, legendFormat }) =>
        (await prometheus.range(expr, span.seconds, span.step)).map((sample) => toLine(sample, legendFormat)),
      ),
    )
  ).flat()
  const body = type === 'stat' ? stat(lines, unit) : chart(lines, unit, width - 18, height - 62)
  const place = `left:${gridPos.x * COLUMN_PX}px;top:${gridPos.y * ROW_PX}px;width:${width}px;height:${height}px`
  return `<section data-lines="${lines.length}" style="${place}"><h2>${text(title)}</h2>${body}</section>`
}

const toLine = ({ metric, values = [] }: Sample, legend: string): Line => ({
  name: legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
  points: values
    .map(([at, value]): readonly [number, number] => [at, Number(value)])
    .filter(([, v]) => Number.isFinite(v)),
})

function stat(lines: readonly Line[], unit: string): string {
  const numbers = lines.map(({ points }) => shown(points.at(-1)?.[1], unit))
  return `<b>${numbers.join(' &nbsp; ') || 'No data'}</b>`
}

function chart(lines: readonly Line[], unit: string, width: number, height: number): string {
  const points = lines.flatMap((line) => line.points)
  if (points.length === 0) return '<b><small>No data</small></b>'
  const from = Math.min(...points.map(([at]) => at))
  const to = Math.max(...points.map(([at]) => at), from + 1)
  const top = Math.max(...points.map(([, value]) => value), Number.MIN_VALUE)
  const left = 62
  const xOf = (at: number) => (left + ((at - from) / (to - from)) * (width - left)).toFixed(1)
  const yOf = (value: number) => (height - 4 - (value / top) * (height - 14)).toFixed(1)
  const grid = [0, 0.5, 1].map(
    (share) =>
      `<path d="M${left} ${yOf(top * share)}H${width}" stroke="#eee"/>` +
      `<text x="${left - 6}" y="${Number(yOf(top * share)) + 4}" text-anchor="end" font-size="11" fill="#555">${shown(top * share, unit)}</text>`,
  )
  const paths = lines.map((line, index) => {
    const d = line.points.map(([at, value], i) => `${i === 0 ? 'M' : 'L'}${xOf(at)} ${yOf(value)}`).join('')
    return `<path d="${d}" fill="none" stroke="${colourOf(index)}" stroke-width="1.5"/>`
  })
  const legend = lines.map((line, index) => `<li style="color:${colourOf(index)}">&#9632; ${text(line.name)}</li>`)
  return `<svg width="${width}" height="${height}">${grid.join('')}${paths.join('')}</svg><ul>${legend.join('')}</ul>`
}

const colourOf = (index: number): string => COLOURS[index % COLOURS.length] ?? ''

function shown(value: number | undefined, unit: string): string {
  if (value === undefined) return 'No data'
  if (unit === 'percentunit') return `${(value * 100).toFixed(1)} %`
  if (unit === 'bytes') return `${(value / 2 ** 20).toFixed(0)} MiB`
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 3
  const number = value.toLocaleString('en-US', { maximumFractionDigits: digits })
  return unit === 's' ? `${number} s` : unit === 'ops' ? `${number} /s` : number
}

const text = (raw: string): string => raw.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
