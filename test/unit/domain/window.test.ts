import { DAY_MS, pollWindow, WINDOW_LIMIT_MS, windowsNewestFirst } from '@bg-ingest/domain'
import { expect } from 'chai'
import fc from 'fast-check'

describe('windows, newest first', () => {
  it('are none for an empty or a reversed span', () => {
    expect(windowsNewestFirst({ fromMs: 5, toMs: 5 })).to.deep.equal([])
    expect(windowsNewestFirst({ fromMs: 6, toMs: 5 })).to.deep.equal([])
  })

  it('are one up to thirty days', () => {
    for (const length of [1, DAY_MS, 30 * DAY_MS])
      expect(windowsNewestFirst({ fromMs: 0, toMs: length })).to.deep.equal([{ fromMs: 0, toMs: length }])
    expect(windowsNewestFirst({ fromMs: 0, toMs: 30 * DAY_MS + 1 })).to.have.length(2)
  })

  it('cover the span, none longer than Dexcom takes, neighbours sharing one second', () => {
    const start = fc.integer({ min: 0, max: 4e12 })
    const length = fc.oneof(
      fc.integer({ min: 1, max: 1000 * DAY_MS }),
      fc.integer({ min: -2000, max: 2000 }).map((d) => WINDOW_LIMIT_MS * 2 + d),
    )
    fc.assert(
      fc.property(start, length, (fromMs, span) => {
        const windows = windowsNewestFirst({ fromMs, toMs: fromMs + span })
        expect(windows[0]?.toMs).to.equal(fromMs + span)
        expect(windows.at(-1)?.fromMs).to.equal(fromMs)
        for (const [i, window] of windows.entries()) {
          expect(window.toMs - window.fromMs).to.be.within(1, WINDOW_LIMIT_MS)
          const newer = windows[i - 1]
          if (newer) expect(window.toMs).to.equal(newer.fromMs + 1000)
        }
        // Each moves thirty days less a second.
        expect(windows.length).to.be.at.most(Math.ceil(span / (WINDOW_LIMIT_MS - 1000)))
      }),
    )
  })
})

describe('the window of a poll', () => {
  const nowMs = 1_000 * DAY_MS
  const lookbackMs = 26 * 3_600_000
  const from = (newestMs: number | null, lastSuccessMs: number | null) =>
    nowMs - pollWindow({ nowMs, newestMs, lastSuccessMs, lookbackMs }).fromMs

  it('ends now', () => {
    expect(pollWindow({ nowMs, newestMs: null, lastSuccessMs: null, lookbackMs }).toMs).to.equal(nowMs)
  })

  it('reaches back behind the newest reading and behind the last success, whichever is older', () => {
    expect(from(null, null)).to.equal(lookbackMs)
    expect(from(nowMs - 5, null)).to.equal(lookbackMs + 5)
    expect(from(null, nowMs - 7)).to.equal(lookbackMs + 7)
    expect(from(nowMs - 5, nowMs - 7)).to.equal(lookbackMs + 7)
    expect(from(nowMs - DAY_MS, nowMs - 7)).to.equal(lookbackMs + DAY_MS)
  })

  it('is not drawn forward by a reading or a success from the future', () => {
    expect(from(nowMs + DAY_MS, nowMs + DAY_MS)).to.equal(lookbackMs)
  })
})
