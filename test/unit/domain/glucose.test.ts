import { boundOf, inUnit, rateInUnit } from '@bg-ingest/domain'
import { expect } from 'chai'
import fc from 'fast-check'

describe('glucose in the unit asked for', () => {
  // mg/dL / 18.01559, half up to a tenth; 39 and 401 stand for "below 40" and "above 400".
  const table = [
    [39, 2.2],
    [40, 2.2],
    [54, 3],
    [70, 3.9],
    [72, 4],
    [99, 5.5],
    [100, 5.6],
    [101, 5.6],
    [180, 10],
    [250, 13.9],
    [400, 22.2],
    [401, 22.3],
  ] as const
  for (const [mgdl, mmol] of table)
    it(`${mgdl} mg/dL are ${mmol} mmol/L`, () => {
      expect(inUnit(mgdl, 'mmol/L')).to.equal(mmol)
      expect(inUnit(mgdl, 'mg/dL')).to.equal(mgdl)
    })

  it('is off by half a tenth of a mmol/L at most, and has one decimal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (mgdl) => {
        const mmol = inUnit(mgdl, 'mmol/L')
        expect(Math.abs(mmol * 18.01559 - mgdl)).to.be.at.most(0.05 * 18.01559 + 1e-9)
        expect(Number(mmol.toFixed(1))).to.equal(mmol)
      }),
    )
  })

  it('rounds half up', () => {
    // 0.05 mmol/L exactly is 0.9007795 mg/dL: no whole mg/dL lies on a half, so a made-up one shows the rule.
    expect(inUnit(0.05 * 18.01559, 'mmol/L')).to.equal(0.1)
  })

  it('turns rates too, to a thousandth, and leaves null alone', () => {
    expect(rateInUnit(1, 'mmol/L')).to.equal(0.056)
    expect(rateInUnit(-2.5, 'mmol/L')).to.equal(-0.139)
    expect(rateInUnit(-2.5, 'mg/dL')).to.equal(-2.5)
    expect(rateInUnit(0, 'mmol/L')).to.equal(0)
    expect(rateInUnit(null, 'mmol/L')).to.equal(null)
  })

  it('marks what the sensor cannot tell exactly', () => {
    expect([39, 40, 400, 401].map(boundOf)).to.deep.equal(['low', null, null, 'high'])
  })
})
