import { expiringTag, unexpiredTag } from '@bg-ingest/api/parts'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, anApi, type TestApi } from './an-api.ts'

const TAG = `"${'a'.repeat(27)}"`
const NOW_MS = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 86_400_000

describe('api: tags of answers that change by themselves', () => {
  it('count until their end, with any sign and among others', () => {
    const tag = expiringTag(TAG, NOW_MS)
    expect(unexpiredTag(TAG, tag, NOW_MS - 1)).to.equal(tag)
    expect(unexpiredTag(TAG, `"x", W/${tag}`, NOW_MS - 1)).to.equal(tag)
    expect(unexpiredTag(TAG, tag, NOW_MS)).to.equal(undefined)
    expect(unexpiredTag(`"${'b'.repeat(27)}"`, tag, NOW_MS - 1)).to.equal(undefined)
    for (const none of [undefined, '', '*', TAG, `${tag}x`, '"."', `"${'a'.repeat(27)}."`])
      expect(unexpiredTag(TAG, none, 0), String(none)).to.equal(undefined)
  })

  describe('of a span that moves with the clock', () => {
    let api: TestApi
    before(async () => {
      api = await anApi()
    })
    after(() => api.close())

    it('end when the oldest reading shown leaves it', async () => {
      const oldestMs = api.now() - DAY_MS + 60_000
      const at = (ms: number) => new Date(ms).toISOString() as ReturnType<typeof aStoredReading>['timestamp']
      api.behind.readings = [oldestMs, oldestMs + 300_000].map((ms) =>
        aStoredReading({ userId: ALICE, timestamp: at(ms) }),
      )
      for (const rest of ['', '?order=asc']) {
        const { headers } = await api.ask(`/api/bg/alice${rest}`)
        const until = /\.([0-9a-z]+)"$/.exec(String(headers.etag))?.[1] ?? ''
        expect(Number.parseInt(until, 36), rest).to.equal(oldestMs + DAY_MS)
      }
      const fixed = await api.ask(`/api/bg/alice?from=${at(oldestMs)}&to=${at(api.now())}`)
      const until = /\.([0-9a-z]+)"$/.exec(String(fixed.headers.etag))?.[1] ?? ''
      expect(Number.parseInt(until, 36)).to.be.above(api.now() + 365 * DAY_MS)
    })
  })
})
