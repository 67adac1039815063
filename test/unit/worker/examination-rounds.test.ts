import { REGISTRY_SHARDS, UserId } from '@bg-ingest/domain'
import { createExaminationRounds } from '@bg-ingest/worker/parts'
import { expect } from 'chai'
import { aClock } from '../../support/clock.ts'

const DAY_MS = 86_400_000
const SLOT_MS = DAY_MS / REGISTRY_SHARDS.length

describe('rounds of examinations', () => {
  function aRound() {
    const clock = aClock()
    const asked: { readonly userId: UserId; readonly delayMs: number }[] = []
    const shards: string[] = []
    let [role, count]: ['kept' | 'other', number | null] = ['kept', null]
    const rounds = createExaminationRounds({
      registry: {
        async shard(shard) {
          shards.push(shard)
          const entry = { status: 'connected', parked: false, paused: false, pollIntervalSeconds: null } as const
          return ['a', 'b'].map((name) => ({ ...entry, userId: UserId.parse(`${name}-${shard}`) }))
        },
      },
      leadership: { hold: async () => role, release: async () => undefined },
      counter: {
        read: async () => count,
        async write(value) {
          count = value
        },
      },
      request: async (userId, delayMs) => asked.push({ userId, delayMs }),
      now: clock.now,
    })
    return { clock, asked, shards, rounds, follow: () => (role = 'other') }
  }

  it('come to everybody once a day, spread over each part', async () => {
    const { clock, asked, rounds } = aRound()
    for (let ms = 0; ms < DAY_MS; ms += SLOT_MS / 2) {
      await rounds.beat()
      clock.advance(SLOT_MS / 2)
    }
    expect(asked).to.have.length(2 * REGISTRY_SHARDS.length)
    expect(new Set(asked.map(({ userId }) => userId)).size).to.equal(2 * REGISTRY_SHARDS.length)
    expect([...new Set(asked.map(({ delayMs }) => delayMs))]).to.deep.equal([0, Math.round(SLOT_MS / 2)])
  })

  it('make up for what was missed, a day at most', async () => {
    const { clock, shards, rounds } = aRound()
    await rounds.beat()
    clock.advance(3 * SLOT_MS)
    await rounds.beat()
    expect(new Set(shards).size).to.equal(4)
    clock.advance(10 * DAY_MS)
    await rounds.beat()
    expect(shards).to.have.length(4 + REGISTRY_SHARDS.length)
  })

  it('are left to whoever leads', async () => {
    const { shards, rounds, follow } = aRound()
    follow()
    await rounds.beat()
    expect(shards).to.deep.equal([])
  })
})
