import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { type LatestStage, openLatestStage } from '../support/latest-stage.ts'
import { until } from '../support/until.ts'
import { ago, aWorld, HOUR_MS } from '../support/world.ts'
import type { TestApi } from '../unit/api/an-api.ts'

const DAY_MS = 24 * HOUR_MS
/** promises.md I16 asks for a minute: READERS_SECONDS=60. */
const READING_MS = Number(process.env.READERS_SECONDS ?? 10) * 1_000
const READERS = 200
const READINGS = 100
const PAGES = 10

describe('api: reads behind a worker, on DynamoDB and Redis', function () {
  this.timeout(40_000)
  const dynamo = useDynamo()
  let stage: LatestStage
  let fast: Awaited<ReturnType<LatestStage['api']>>
  let other: typeof fast
  let slow: typeof fast
  before(async () => {
    stage = await openLatestStage(dynamo)
    fast = await stage.api()
    other = await stage.api()
    slow = await stage.api({ entries: false })
  })
  after(() => stage.close())

  const aPerson = async (count = 3) => {
    const world = aWorld(dynamo)
    const ports = stage.portsOf(world)
    await world.connect(undefined, ports)
    world.dexcom.add(...Array.from({ length: count }, (_, n) => ago(world, (count - n) * 300_000)))
    await world.sync({}, ports)
    const path = `/api/bg/${world.userId}`
    const asker = async (api: TestApi) => {
      const token = await api.token(world.userId)
      return (rest: string, headers: Record<string, string> = {}, method = 'GET') =>
        api.ask(`${path}${rest}`, { token, headers, method })
    }
    return { world, ports, fromEntry: await asker(fast), fromOther: await asker(other), fromStore: await asker(slow) }
  }

  /** Does it again where Redis was late, which a busy machine makes it, and DynamoDB was asked in its place. */
  const withoutStore = (what: string, work: () => Promise<void>) =>
    until(
      `${what} without a look at DynamoDB`,
      async () => {
        const before = fast.asked()
        await work()
        return fast.asked() === before
      },
      10_000,
    )

  it('latest is the same from the entry as from the store, byte for byte, and asks DynamoDB for nothing', async () => {
    const { fromEntry, fromStore } = await aPerson()
    for (const rest of ['/latest', '/latest?unit=mmol/L']) {
      const store = await fromStore(rest)
      const tag = { 'if-none-match': String(store.headers['etag']) }
      await withoutStore(rest, async () => {
        const entry = await fromEntry(rest)
        expect([entry.status, entry.text]).to.deep.equal([200, store.text])
        for (const name of ['etag', 'content-type', 'content-length', 'cache-control'])
          expect(entry.headers[name], name).to.equal(store.headers[name])
        const unchanged = await fromEntry(rest, tag)
        expect([unchanged.status, unchanged.text, unchanged.headers['etag']]).to.deep.equal([
          304,
          '',
          store.headers['etag'],
        ])
        const head = await fromEntry(rest, {}, 'HEAD')
        expect([head.status, head.text]).to.deep.equal([200, ''])
        expect(head.headers['content-length']).to.equal(entry.headers['content-length'])
        expect((await fromEntry(rest, tag, 'HEAD')).status).to.equal(304)
      })
    }
  })

  it('304 of a range and of changes asks DynamoDB for nothing, and ends with the next commit', async () => {
    const { world, ports, fromEntry, fromStore } = await aPerson()
    const from = new Date(world.clock.now() - DAY_MS).toISOString()
    for (const rest of [
      '',
      `?from=${from}&limit=2`,
      `?from=${from}&limit=2&order=asc&unit=mmol/L`,
      '/changes?after=1',
    ]) {
      const first = await fromEntry(rest)
      const store = await fromStore(rest)
      expect([first.status, first.headers.etag], rest).to.deep.equal([200, store.headers.etag])
      const held = { 'if-none-match': String(first.headers.etag) }
      await withoutStore(`304 of ${rest}`, async () => {
        for (const method of ['GET', 'HEAD']) {
          const again = await fromEntry(rest, held, method)
          expect([again.status, again.text, again.headers['etag']]).to.deep.equal([304, '', first.headers['etag']])
        }
      })
      const other = await fromStore(rest, held)
      expect(other.status, 'one small read without an entry').to.equal(304)
      world.dexcom.add(ago(world, 1_000, { glucose: 150 }))
      await world.sync({}, ports)
      expect((await fromEntry(rest, held)).status, rest).to.equal(200)
      world.clock.advance(60_000)
    }
  })

  it('pages of the last day are the same from memory as from the store, whichever part is asked for', async () => {
    const { world, fromEntry, fromStore } = await aPerson(40)
    const at = (hoursAgo: number) => new Date(world.clock.now() - hoursAgo * HOUR_MS).toISOString()
    const span = `?from=${at(4)}&to=${at(0)}&limit=200`
    expect((await fromEntry(span)).json.readings).to.have.length(40)
    for (const rest of [
      span,
      `${span}&order=asc`,
      `${span}&type=cgm`,
      `${span}&type=manual`,
      `?from=${at(2)}&to=${at(1)}&limit=200`,
      `?from=${at(4)}&to=${at(0)}&limit=7`,
    ]) {
      const store = await fromStore(rest)
      await withoutStore(rest, async () => {
        expect((await fromEntry(rest)).text, rest).to.equal(store.text)
      })
    }
    // Page by page, over cursors.
    const walk = async (ask: typeof fromEntry) => {
      const seen: string[] = []
      for (let rest = `?from=${at(4)}&to=${at(0)}&limit=7`; ; ) {
        const { json } = await ask(rest)
        seen.push(...(json['readings'] as unknown as { readonly id: string }[]).map(({ id }) => id))
        if (json.next === null) return seen
        rest = `?limit=7&cursor=${json.next}`
      }
    }
    expect(await walk(fromEntry)).to.deep.equal(await walk(fromStore))
  })

  it(`shows 200 readers of two replicas no older reading than they have seen, while a worker writes for ${READING_MS / 1_000} s (I16)`, async function () {
    this.timeout(READING_MS + 60_000)
    const { world, ports, fromEntry, fromOther } = await aPerson(READINGS)
    const at = (ms: number) => new Date(world.clock.now() - ms).toISOString()
    const closed = `?from=${at(READINGS * 300_000 + 1)}&to=${at(0)}&order=asc&limit=${READINGS / PAGES}`
    let endsAt = 0
    const writing = () => performance.now() < endsAt
    let written = 0
    const writer = async () => {
      while (writing()) {
        world.clock.advance(2_000)
        written += 1
        // One behind all others, and one that comes late, somewhere in the closed range.
        const late = 301_000 + ((written * 7_919) % (READINGS - 2)) * 300_000 + (written % 250) * 1_000
        world.dexcom.add(ago(world, 1_000), ago(world, late))
        await world.sync({}, ports)
      }
    }
    let regressions = 0
    let reads = 0
    const moved = new Set<number>()
    const reader = async (n: number) => {
      let seen = 0
      for (let turn = n; writing(); turn += 1) {
        const { status, json } = await (turn % 2 === 0 ? fromEntry : fromOther)('/latest')
        expect(status).to.equal(200)
        const shown = Date.parse(String(json['timestamp']))
        if (shown < seen) regressions += 1
        seen = shown
        moved.add(seen)
        reads += 1
      }
    }
    type Shown = { readonly id: string; readonly timestamp: string }
    const walk = async (): Promise<{ readonly pages: number; readonly shown: readonly Shown[] }> => {
      const shown: Shown[] = []
      for (let page = 1, rest = closed; ; page += 1) {
        const { status, json } = await (page % 2 === 0 ? fromEntry : fromOther)(rest)
        expect(status).to.equal(200)
        shown.push(...(json['readings'] as unknown as readonly Shown[]))
        if (json['next'] === null) return { pages: page, shown }
        rest = `${closed}&cursor=${json['next']}`
      }
    }
    let walks = 0
    const walker = async () => {
      let known = before.shown
      while (writing()) {
        const { pages, shown } = await walk()
        const ids = new Set(shown.map(({ id }) => id))
        expect(pages).to.be.at.least(PAGES)
        expect(ids.size, 'none twice').to.equal(shown.length)
        expect(
          known.filter(({ id }) => !ids.has(id)),
          'none left out that was there before',
        ).to.deep.equal([])
        expect(shown.map(({ timestamp }) => timestamp)).to.deep.equal(
          shown.map(({ timestamp }) => timestamp).toSorted(),
        )
        known = shown
        walks += 1
      }
      expect(known.length, 'late readings have landed in the range').to.be.above(READINGS)
    }
    const before = await walk()
    expect(before.shown).to.have.length(READINGS)
    endsAt = performance.now() + READING_MS
    await Promise.all([writer(), walker(), ...Array.from({ length: READERS }, (_, n) => reader(n))])
    expect(regressions, `of ${reads} reads beside ${written} writes`).to.equal(0)
    expect(moved.size, 'readers have seen the person move').to.be.above(3)
    expect(walks).to.be.above(0)
  })
})
