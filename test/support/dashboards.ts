import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'docker/grafana/dashboards')

export interface DashboardFile {
  readonly file: string
  readonly uid: string
  readonly title: string
  readonly panels: readonly {
    readonly title: string
    readonly type: 'stat' | 'timeseries'
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly fieldConfig: { readonly defaults: { readonly unit: string } }
    readonly targets: readonly {
      readonly expr: string
      readonly legendFormat: string
      readonly datasource: { readonly uid: string }
    }[]
  }[]
}

/** The dashboards as Grafana finds them. */
export const readDashboards = (): readonly DashboardFile[] =>
  readdirSync(FOLDER).map((file) => ({ file, ...JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) }))

/** A Prometheus with the rules of docker/prometheus that looks at these processes (job -> address) once a second. */
export const liveConfig = (targets: Readonly<Record<string, string>>): string =>
  // JSON is YAML.
  JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(ROOT, 'docker/prometheus/rules/*.yml')],
    scrape_configs: Object.entries(targets).map(([job_name, url]) => ({
      job_name,
      static_configs: [{ targets: [new URL(url).host] }],
    })),
  })
