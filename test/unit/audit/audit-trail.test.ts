import { type AuditBatch, type AuditTrail, createAuditTrail, readAuditLines, verifyAudit } from '@bg-ingest/audit'
import { expect } from 'chai'

const KEY = { id: 'k1', key: new Uint8Array(32).fill(7) }
const NOW_MS = Date.UTC(2026, 10, 23, 12)
const EVENT = { action: 'sync', actor: 'worker', outcome: 'ok' }

interface Bench {
  readonly trail: AuditTrail
  /** Lines of the stream, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: records are what these tests look into
  readonly lines: () => any[]
  readonly text: () => string
  readonly batches: AuditBatch[]
}

function bench(store?: (batch: AuditBatch) => Promise<void>, now = () => NOW_MS): Bench {
  const written: string[] = []
  const batches: AuditBatch[] = []
  const keep = async (batch: AuditBatch) => {
    await store?.(batch)
    batches.push(batch)
  }
  const trail = createAuditTrail({
    writer: 'worker-1',
    key: KEY,
    write: (line) => written.push(line),
    now,
    ...(store ? { store: keep } : {}),
  })
  return {
    trail,
    lines: () => written.map((line) => JSON.parse(line)),
    text: () => written.join('\n'),
    batches,
  }
}

const verified = (text: string) => verifyAudit([{ name: 'log', kind: 'stream', lines: readAuditLines(text) }], [KEY])

describe('audit trail', () => {
  it('chains what is recorded, and says at the end that it ends', async () => {
    const { trail, lines, text } = bench()
    trail.record({ ...EVENT, object: 'h1', requestId: 'r1', jobId: 'j1', facts: { stored: 3 } })
    await trail.close()
    const [opened, entry, closed, head] = lines()
    expect([opened.action, closed.action, head.kind]).to.deep.equal(['audit.opened', 'audit.closed', 'head'])
    expect(entry).to.deep.include({
      stream: 'audit',
      ts: '2026-11-23T12:00:00.000Z',
      writer: 'worker-1',
      n: 2,
      object: 'h1',
      requestId: 'r1',
      jobId: 'j1',
      facts: { stored: 3 },
      prev: opened.hash,
    })
    expect(verified(text()).faults).to.deep.equal([])
    expect(verified(text()).writers).to.deep.include.members([
      {
        writer: 'worker-1',
        source: 'log',
        entries: 3,
        first: 1,
        last: 3,
        from: entry.ts,
        to: entry.ts,
        closed: true,
      },
    ])
  })

  it('is on the stream before record() returns, and in the store when flush() resolves', async () => {
    const { trail, lines, batches } = bench(async () => undefined)
    trail.record(EVENT)
    expect(lines()).to.have.length(2)
    expect(batches).to.deep.equal([])
    await trail.flush()
    expect(batches).to.have.length(1)
    expect(batches[0]).to.include({ writer: 'worker-1', first: 1, last: 2 })
    await trail.close()
  })

  it('counts what is alike together, and names the people whom it concerned', async () => {
    const { trail, lines } = bench()
    for (const member of ['h1', 'h2', 'h3']) trail.tally(EVENT, member)
    trail.tally({ ...EVENT, outcome: 'upstream_unavailable' }, 'h4')
    expect(lines()).to.have.length(1)
    await trail.beat()
    const [, done, failed] = lines()
    expect(done).to.deep.include({ outcome: 'ok', count: 3, objects: ['h1', 'h2', 'h3'] })
    expect(failed).to.deep.include({ outcome: 'upstream_unavailable', count: 1, objects: ['h4'] })
    await trail.close()
  })

  it('makes another record where one would become too long, and forgets nobody', async () => {
    const { trail, lines } = bench()
    for (let i = 0; i < 150; i += 1) trail.tally(EVENT, `h${i}`)
    await trail.close()
    const syncs = lines().filter(({ action }) => action === 'sync')
    expect(syncs.map(({ count }) => count)).to.deep.equal([64, 64, 22])
    expect(syncs.flatMap(({ objects }) => objects)).to.have.length(150)
  })

  it('keeps what the store does not take, and brings it in order with the next flush', async () => {
    let isAway = true
    const { trail, batches } = bench(async () => {
      if (isAway) throw new Error('away')
    })
    trail.record(EVENT)
    const refused = await trail.flush().then(
      () => false,
      () => true,
    )
    expect(refused).to.equal(true)
    isAway = false
    trail.record(EVENT)
    await trail.flush()
    expect(batches.map(({ first, last }) => [first, last])).to.deep.equal([[1, 3]])
    await trail.close()
  })

  it('shares one write among all who wait for it', async () => {
    const gate = Promise.withResolvers<void>()
    let writes = 0
    const { trail, batches } = bench(async () => {
      writes += 1
      await gate.promise
    })
    const flushes = Array.from({ length: 20 }, () => {
      trail.record(EVENT)
      return trail.flush()
    })
    gate.resolve()
    await Promise.all(flushes)
    // The first went at once, with what there was; the rest shares the next.
    expect(writes).to.be.at.most(2)
    expect(batches.at(-1)?.last).to.equal(21)
    await trail.close()
  })

  it('lets counts alone wait for company in the store, an hour at most; a head says that they are not there yet', async () => {
    const time = { ms: NOW_MS }
    const { trail, lines, batches } = bench(
      async () => undefined,
      () => time.ms,
    )
    trail.tally(EVENT, 'h1')
    await trail.beat()
    expect([batches.length, lines().at(-1)]).to.deep.include(0)
    expect(lines().at(-1)).to.include({ kind: 'head', n: 2, stored: false })
    time.ms += 3_600_000
    trail.tally(EVENT, 'h2')
    await trail.beat()
    expect(batches.map(({ last }) => last)).to.deep.equal([3])
    expect(lines().at(-1)).to.include({ kind: 'head', n: 3, stored: true })
    trail.tally(EVENT, 'h3')
    trail.record(EVENT)
    await trail.beat()
    expect(batches.map(({ last }) => last)).to.deep.equal([3, 5])
    await trail.close()
  })

  it('signs no head twice where nothing has happened', async () => {
    const { trail, lines } = bench()
    await trail.beat()
    await trail.beat()
    expect(lines().filter(({ kind }) => kind === 'head')).to.have.length(1)
    await trail.close()
  })

  it('writes a head to the stream only when the store has what it vouches for', async () => {
    let isAway = true
    const { trail, lines } = bench(async () => {
      if (isAway) throw new Error('away')
    })
    trail.record(EVENT)
    const beat = await trail.beat().then(
      () => 'done',
      () => 'refused',
    )
    expect([beat, lines().some(({ kind }) => kind === 'head')]).to.deep.equal(['refused', false])
    isAway = false
    await trail.beat()
    expect(lines().at(-1)).to.include({ kind: 'head', n: 2, stored: true })
    await trail.close()
  })
})
