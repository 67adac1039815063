import type { ListeningApp } from './e2e-process.ts'

/** The value of one series of a process's metrics, with its labels as they are written; 0 where there is none. */
export async function metric({ url }: ListeningApp, series: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return line ? Number(line.slice(series.length + 1)) : 0
}

export async function metricOfAll(apps: readonly ListeningApp[], series: string): Promise<number> {
  const values = await Promise.all(apps.map((app) => metric(app, series)))
  return values.reduce((sum, value) => sum + value, 0)
}
