import { preferredWaitSeconds } from '@bg-ingest/api/parts'
import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'

describe('api: Prefer', () => {
  const understood: readonly (readonly [header: string | undefined, seconds: number])[] = [
    [undefined, 0],
    ['', 0],
    ['wait=0', 0],
    ['wait=1', 1],
    ['wait=30', 30],
    ['wait=007', 7],
    ['wait="5"', 5],
    ['Wait=5', 5],
    ['wait = 5', 5],
    [' respond-async ,  wait=10 ', 10],
    ['respond-async; wait=10', 10],
    ['handling=lenient, return=minimal', 0],
    ['respond-async', 0],
    ['wait', 0],
    ['waiting=99', 0],
    ['await=99', 0],
    // RFC 7240, 2: the first of several counts.
    ['wait=3, wait=9', 3],
  ]
  for (const [header, seconds] of understood)
    it(`${header ?? 'absent'}: ${seconds} s`, () => {
      expect(preferredWaitSeconds(header)).to.equal(seconds)
    })

  for (const value of ['31', '-1', '1.5', '1e1', '0x1', '', '""', 'ten', '1000', '99999999999999999999', '5 s', '+5'])
    it(`wait=${value}: refused`, () => {
      expect(() => preferredWaitSeconds(`wait=${value}`))
        .to.throw(AppError)
        .that.includes({ code: 'invalid_request' })
    })
})
