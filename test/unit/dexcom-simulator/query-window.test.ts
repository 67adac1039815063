import { queryWindow } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'

const START = '2026-11-01T00:00:00'
const ask = (startDate: string, endDate: string) => queryWindow(new URLSearchParams({ startDate, endDate }))

describe('simulator: startDate and endDate', () => {
  it('are UTC and 19 characters', () => {
    expect(ask(START, '2026-11-02T00:00:01')).to.deep.equal({
      kind: 'accepted',
      window: { fromMs: Date.UTC(2026, 10, 1), toMs: Date.UTC(2026, 10, 2, 0, 0, 1) },
    })
  })

  for (const bad of [
    '2026-11-02T00:00:00Z',
    '2026-11-02T00:00:00+00:00',
    '2026-11-02T00:00:00.000',
    '2026-11-02T00:00',
    '2026-11-02 00:00:00',
    '2026-11-02',
    '2026-11-31T00:00:00',
    '2026-11-02T24:00:00',
    '',
  ]) {
    it(`refuse "${bad}" as malformed`, () => {
      expect(ask(START, bad)).to.include({ kind: 'refused', isMalformed: true })
      expect(ask(bad, START)).to.include({ kind: 'refused', isMalformed: true })
    })
  }

  it('are both needed, once each', () => {
    expect(queryWindow(new URLSearchParams({ startDate: START }))).to.include({ kind: 'refused', isMalformed: true })
    const twice = new URLSearchParams(`startDate=${START}&startDate=${START}&endDate=${START}`)
    expect(queryWindow(twice)).to.include({ kind: 'refused', isMalformed: true })
  })

  it('span at most 30 days, to the second', () => {
    expect(ask(START, '2026-12-01T00:00:00').kind).to.equal('accepted')
    expect(ask(START, '2026-12-01T00:00:01')).to.include({ kind: 'refused', isMalformed: false, seconds: 2_592_001 })
  })

  it('go forward; an empty window is one', () => {
    expect(ask(START, START).kind).to.equal('accepted')
    expect(ask('2026-11-01T00:00:01', START)).to.include({ kind: 'refused', isMalformed: false })
  })
})
