import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { METRIC_TABLE } from '@bg-ingest/telemetry'
import { expect } from 'chai'
import { liveConfig, readDashboards } from '../support/dashboards.ts'
import { metric } from '../support/e2e-metrics.ts'
import { webhookSender } from '../support/e2e-sender.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { type Family, familiesOf, seriesIn } from '../support/exposition.ts'
import { enqueueForMany, hostileCalls } from '../support/metrics-crowd.ts'
import { promtool, startPrometheus } from '../support/prometheus.ts'
import { until } from '../support/until.ts'

/** promises K9. */
const MOST_SERIES = 2_000
const PEOPLE = 1_000
/** Of them as many are polled: a label with an id in it would make 14 series for each. */
const POLLED = 200
const SILENT_PANELS = ['Values that we do not know yet, last hour', 'Problems of connections, last hour']

describe('Metrics of a real API and a real worker', function () {
  this.timeout(60_000)
  const system = useSystem({
    name: 'metrics',
    workers: 1,
    variables: { OPERATOR_PASSWORD: 'a-password-of-this-test' },
    simulator: { users: [{ name: 'measured', kind: 'generated', profile: 'quiet', historyDays: 2 }] },
  })
  const worker = () => {
    const [only] = system.workers
    if (!only) throw new Error('no worker')
    return only
  }
  const textOf = async (process: 'API' | 'worker') =>
    (await fetch(`${process === 'API' ? system.apiUrl : worker().url}/metrics`)).text()
  /** Confirmed where another test's queue is bound to the exchange just then, returned where none is. */
  const told = async () => {
    const of = (outcome: string) =>
      metric(worker(), `bg_events_published_total{type="io.bg-ingest.readings.changed.v1",outcome="${outcome}"}`)
    return ((await of('confirmed')) || 0) + ((await of('returned')) || 0)
  }
  const familiesIn = async (process: 'API' | 'worker') => familiesOf(await textOf(process))

  before(async () => {
    const person = await system.connect(aPerson('measured'), 'measured')
    await untilHistoryIs('complete', person)
    await person.call('GET', '/latest')
    await person.call('POST', '/sync', { headers: { prefer: 'wait=20' } })
    await webhookSender(system.apiUrl, system.variables)(person.userId, { type: 'data.available' })
    await until(
      'the webhook is worked off, the people are counted and the changes are told',
      async () =>
        (await metric(worker(), 'bg_webhook_processing_seconds_count')) > 0 &&
        (await metric(worker(), 'bg_connections{status="connected"}')) > 0 &&
        (await told()) > 0,
      90_000,
    )
  })

  for (const process of ['API', 'worker'] as const) {
    it(`${process}: has every family of the table by name and type, and no other of ours`, async () => {
      const families = await familiesIn(process)
      const ours = [...families].filter(([name]) => /^(bg|http)_/.test(name))
      expect(Object.fromEntries(ours.map(([name, { type }]) => [name, type]))).to.deep.equal(
        Object.fromEntries(METRIC_TABLE.map(({ name, type }) => [name, type])),
      )
    })

    it(`${process}: is clean before promtool`, async () => {
      const { exitCode, output } = await promtool(['check', 'metrics'], { input: await textOf(process) })
      expect([exitCode, output.trim()]).to.deep.equal([0, ''])
    })
  }

  it('carries the labels of the table and no other, where there are series', async () => {
    const [api, worked] = await Promise.all([familiesIn('API'), familiesIn('worker')])
    const silent: string[] = []
    for (const { name, labels, from } of METRIC_TABLE) {
      const seen: readonly Family[] = [api, worked].flatMap((families) => families.get(name) ?? [])
      const used = seen.filter(({ series }) => series.length > 0)
      if (used.length === 0) silent.push(name)
      for (const family of used) expect([...family.labels].sort(), name).to.deep.equal(Object.keys(labels).sort())
      const own = from === 'API' ? api : worked
      if (used.length > 0) expect(own.get(name)?.series.length, `${name} at ${from}`).to.be.above(0)
    }
    // A quiet Dexcom has no value that we do not know and gives no connection a problem.
    expect(silent).to.deep.equal(['bg_dexcom_unknown_values_total', 'bg_connection_problems_total'])
  })

  it('answers every panel of every dashboard, by a real Prometheus', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'bg-prometheus-'))
    const targets = { 'bg-ingest-api': system.apiUrl, 'bg-ingest-worker': worker().url }
    const prometheus = await startPrometheus({ dir, config: liveConfig(targets) })
    try {
      const panels = readDashboards().flatMap(({ panels }) => panels)
      expect(panels.length).to.be.above(40)
      const unanswered = async () => {
        const empty: string[] = []
        for (const { title, targets } of panels)
          for (const { expr } of targets) if ((await prometheus.query(expr)).length === 0) empty.push(title)
        return empty
      }
      // Rates take two scrapes, and rules of rules two rounds; the two families without a series stay, as above.
      await until('the rules are recorded', async () => (await unanswered()).length <= SILENT_PANELS.length, 30_000)
      expect(await unanswered()).to.deep.equal(SILENT_PANELS)
    } finally {
      await prometheus.stop()
      await rm(dir, { recursive: true })
    }
  })

  it(`stays below ${MOST_SERIES} series with ${PEOPLE} people and callers that mean harm`, async function () {
    this.timeout(90_000)
    const before = { api: seriesIn(await textOf('API')), worker: seriesIn(await textOf('worker')) }
    const ids = Array.from({ length: PEOPLE }, (_, i) => aPerson(`crowd-${i}`))
    await Promise.all([
      hostileCalls({ apiUrl: system.apiUrl, secret: system.variables.JWT_SECRET ?? '', ids }),
      enqueueForMany(system.variables.REDIS_URL ?? '', ids.slice(0, POLLED)),
    ])
    const texts = { api: await textOf('API'), worker: await textOf('worker') }
    for (const text of Object.values(texts)) for (const id of ids) expect(text).to.not.include(id)
    const answered = texts.api.matchAll(/^http_request_duration_seconds_count\{.*latest",status="\d+"\} (\d+)$/gm)
    const calls = [...answered].reduce((sum, [, count]) => sum + Number(count), 0)
    expect(calls).to.be.at.least(PEOPLE)
    const after = { api: seriesIn(texts.api), worker: seriesIn(texts.worker) }
    console.log(`      series: API ${before.api} -> ${after.api}, worker ${before.worker} -> ${after.worker}`)
    expect(after.api).to.be.below(MOST_SERIES)
    expect(after.worker).to.be.below(MOST_SERIES)
  })
})
