import { REGISTRY_SHARDS, registryShard, UserId } from '@bg-ingest/domain'
import { createOutboxSweep } from '@bg-ingest/worker/parts'
import { expect } from 'chai'
import { aClock } from '../../support/clock.ts'

const HOUR_MS = 3_600_000
const SLOT_MS = HOUR_MS / REGISTRY_SHARDS.length
const ENTRY = { status: 'disconnected', parked: false, paused: false, pollIntervalSeconds: null } as const

describe('the hourly pass over what waits for the broker', () => {
  /** Three people whom nobody polls: one with two log items, one with a notice, one with nothing. */
  function aSweep() {
    const clock = aClock()
    const people = ['logged', 'noticed', 'told'].map((name) => UserId.parse(name))
    const asked: string[] = []
    const tally = new Map<string, number>()
    const shards: string[] = []
    let [role, count, connected]: ['kept' | 'other', number | null, boolean | null] = ['kept', null, true]
    const sweep = createOutboxSweep({
      registry: {
        async shard(shard) {
          shards.push(shard)
          return people.filter((userId) => registryShard(userId) === shard).map((userId) => ({ ...ENTRY, userId }))
        },
      },
      outbox: {
        waiting: async (userIds) =>
          userIds.map((userId) => ({
            userId,
            logItems: userId === 'logged' ? 2 : 0,
            notices: userId === 'noticed' ? 1 : 0,
          })),
      },
      tally: { note: (userId, items) => void tally.set(userId, items) },
      leadership: { hold: async () => role, release: async () => undefined },
      counter: {
        read: async () => count,
        async write(value) {
          count = value
        },
      },
      requestPublication: async (userId) => asked.push(userId),
      connected: () => connected,
      now: clock.now,
      logger: { info: () => undefined },
    })
    return {
      clock,
      asked,
      tally,
      shards,
      sweep,
      lead: (now: boolean) => {
        role = now ? 'kept' : 'other'
      },
      reach: (now: boolean | null) => {
        connected = now
      },
    }
  }

  it('comes to every part of the registry within the hour, asks for whoever has something to tell, and counts', async () => {
    const { clock, asked, tally, shards, sweep } = aSweep()
    for (let ms = 0; ms < HOUR_MS; ms += SLOT_MS) {
      await sweep.beat()
      clock.advance(SLOT_MS)
    }
    expect(new Set(shards)).to.deep.equal(new Set(REGISTRY_SHARDS))
    expect(shards).to.have.length(REGISTRY_SHARDS.length)
    expect(asked).to.have.members(['logged', 'noticed'])
    expect(Object.fromEntries(tally)).to.deep.equal({ logged: 2, noticed: 0, told: 0 })
  })

  it('makes up for what was missed, an hour at most', async () => {
    const { clock, shards, sweep } = aSweep()
    await sweep.beat()
    clock.advance(5 * HOUR_MS)
    await sweep.beat()
    expect(shards).to.have.length(1 + REGISTRY_SHARDS.length)
  })

  it('counts while the broker is away, and asks for all at once when it is back', async () => {
    const { clock, asked, tally, shards, sweep, reach } = aSweep()
    reach(false)
    for (let i = 0; i < REGISTRY_SHARDS.length; i += 1) {
      await sweep.beat()
      clock.advance(SLOT_MS)
    }
    expect([asked, tally.get('logged')]).to.deep.equal([[], 2])
    reach(true)
    shards.splice(0)
    await sweep.beat()
    expect(new Set(shards).size).to.equal(REGISTRY_SHARDS.length)
    expect(asked).to.have.members(['logged', 'noticed'])
    await sweep.beat()
    expect(shards.length).to.be.below(REGISTRY_SHARDS.length + 3)
  })

  it('asks for nobody where no broker is configured, and leaves the rest to whoever leads', async () => {
    const { clock, asked, shards, sweep, lead, reach } = aSweep()
    reach(null)
    for (let i = 0; i < REGISTRY_SHARDS.length; i += 1) {
      await sweep.beat()
      clock.advance(SLOT_MS)
    }
    expect(asked).to.deep.equal([])
    shards.splice(0)
    lead(false)
    reach(true)
    await sweep.beat()
    expect(shards).to.deep.equal([])
  })
})
