import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { METRIC_TABLE } from '@bg-ingest/telemetry'
import { expect } from 'chai'
import { parse } from 'yaml'
import { anchorsOf } from '../../support/markdown-anchors.ts'
import { promtool } from '../../support/prometheus.ts'
import { ALERT_CASES, type AlertCase } from './alert-cases.ts'

const ROOT = join(import.meta.dirname, '../../..')
const RULES = join(ROOT, 'docker/prometheus/rules')

interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: { readonly severity?: string }
  readonly annotations?: { readonly summary?: string; readonly runbook_url?: string }
}

const files = readdirSync(RULES).map((name) => join(RULES, name))
const rules = files.flatMap((file) => {
  const { groups } = parse(readFileSync(file, 'utf8')) as { readonly groups: readonly { readonly rules: Rule[] }[] }
  return groups.flatMap((group) => group.rules)
})
const alerts = rules.filter((rule) => rule.alert !== undefined)

/** One test of `promtool test rules`; the annotations are those of the rule, with the labels put in. */
function testOf({ alert, labels = {}, at, ...series }: AlertCase, kind: 'fires' | 'quiet') {
  const rule = alerts.find((candidate) => candidate.alert === alert)
  const filled = Object.entries(rule?.annotations ?? {}).map(([name, text]) => [
    name,
    text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? ''),
  ])
  const expected = { exp_labels: { ...labels, ...rule?.labels }, exp_annotations: Object.fromEntries(filled) }
  return {
    name: `${alert} ${kind}`,
    interval: '1m',
    input_series: Object.entries(series[kind]).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: kind === 'fires' ? [expected] : [] }],
  }
}

describe('alerts', function () {
  this.timeout(60_000)
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bg-alerts-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const run = (tests: readonly object[]) => {
    const file = join(folder, 'test.yml')
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ rule_files: files, evaluation_interval: '2m', tests }))
    return promtool(['test', 'rules', file])
  }

  it('and recordings are rules that Prometheus takes', async () => {
    const { exitCode, output } = await promtool(['check', 'rules', ...files])
    expect(exitCode, output).to.equal(0)
    const config = await promtool(['check', 'config', join(ROOT, 'docker/prometheus/prometheus.yml')])
    expect(config.exitCode, config.output).to.equal(0)
  })

  it('each have a case, and each case an alert', () => {
    expect(ALERT_CASES.map(({ alert }) => alert).sort()).to.deep.equal(alerts.map(({ alert }) => alert ?? '').sort())
    expect(alerts.length).to.be.above(20)
  })

  it('fire when they should', async () => {
    const { exitCode, output } = await run(ALERT_CASES.map((one) => testOf(one, 'fires')))
    expect(exitCode, output).to.equal(0)
  })

  it('stay quiet when they should', async () => {
    const { exitCode, output } = await run(ALERT_CASES.map((one) => testOf(one, 'quiet')))
    expect(exitCode, output).to.equal(0)
  })

  it('are looked at by a promtool that would say so', async () => {
    const [first] = ALERT_CASES
    if (!first) throw new Error('no case')
    const { exitCode, output } = await run([testOf({ ...first, fires: first.quiet }, 'fires')])
    expect(exitCode).to.not.equal(0)
    expect(output).to.include(first.alert)
  })

  it('lead each to its paragraph, and say how urgent they are', () => {
    for (const { alert = '', labels, annotations } of alerts) {
      expect(labels?.severity, alert).to.be.oneOf(['page', 'ticket'])
      const [path = '', anchor = ''] = (annotations?.runbook_url ?? '').split('#')
      expect(anchor, alert).to.equal(alert.toLowerCase())
      expect(anchorsOf(readFileSync(join(ROOT, path), 'utf8')), alert).to.include(anchor)
    }
  })

  it('ask for metrics that exist', () => {
    const known = new Set([...METRIC_TABLE.map(({ name }) => name), ...rules.map(({ record }) => record ?? '')])
    for (const { alert, record, expr } of rules)
      for (const [name] of expr.matchAll(/\b(?:bg|http)[_:][\w:]+/g))
        expect(known.has(name.replace(/_(bucket|count|sum)$/, '')), `${name} of ${alert ?? record}`).to.equal(true)
  })
})
