import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMetrics, METRIC_TABLE } from '@bg-ingest/telemetry'
import { expect } from 'chai'
import { parse } from 'yaml'
import { readDashboards } from '../../support/dashboards.ts'
import { familiesOf } from '../../support/exposition.ts'

const DOCKER = join(import.meta.dirname, '../../../docker')
const yaml = (path: string) => parse(readFileSync(join(DOCKER, path), 'utf8'))
const dashboards = readDashboards()
const queries = dashboards.flatMap(({ panels }) =>
  panels.flatMap(({ title, targets }) => targets.map((t) => ({ title, ...t }))),
)

describe('dashboards', () => {
  it('are four, each with an address of its own', () => {
    expect(dashboards.map(({ uid }) => uid).sort()).to.deep.equal(['bg-api', 'bg-dexcom', 'bg-fleet', 'bg-quality'])
  })

  it('ask the data source that is provisioned', () => {
    const [source] = yaml('grafana/provisioning/datasources/prometheus.yml').datasources
    expect(source).to.include({ type: 'prometheus', url: 'http://prometheus:9090' })
    expect(new Set(queries.map(({ datasource }) => datasource.uid))).to.deep.equal(new Set([source.uid]))
  })

  it('ask for metrics that exist', async () => {
    const { body } = await createMetrics({ service: 'worker', defaultMetrics: true }).text()
    const { groups } = yaml('prometheus/rules/recording.yml') as { groups: { rules: { record: string }[] }[] }
    const recorded = groups.flatMap(({ rules }) => rules.map(({ record }) => record))
    const known = new Set([...familiesOf(body).keys(), ...recorded, 'up'])
    for (const { expr, title } of queries) {
      const names = [...expr.matchAll(/\b(?:bg|http|nodejs|process)[_:][\w:]+|\bup\b/g)]
      expect(names, title).to.not.have.length(0)
      for (const [name] of names)
        expect(known.has(name.replace(/_(bucket|count|sum)$/, '')), `${name} of ${title}`).to.equal(true)
    }
  })

  it('show every family of the contract somewhere, by itself or by a recording', () => {
    const { groups } = yaml('prometheus/rules/recording.yml') as {
      groups: { rules: { record: string; expr: string }[] }[]
    }
    const rules = groups.flatMap(({ rules: own }) => own)
    const shown = queries.map(({ expr }) => expr).join(' ')
    const all =
      rules
        .filter(({ record }) => shown.includes(record))
        .map(({ expr }) => expr)
        .join(' ') + shown
    const unseen = METRIC_TABLE.filter(({ name }) => !all.includes(name)).map(({ name }) => name)
    expect(unseen).to.deep.equal(['bg_service_info'])
  })

  it('do not lay one panel over another', () => {
    for (const { panels, title } of dashboards)
      for (const [i, { gridPos: a }] of panels.entries())
        for (const { gridPos: b } of panels.slice(i + 1)) {
          const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
          expect(apart && a.x + a.w <= 24, title).to.equal(true)
        }
  })
})
