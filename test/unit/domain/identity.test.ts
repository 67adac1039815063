import { readingId, readingKey, readingKeys, readingNames, toInstant, toPublicReading, UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aMeasurement, aStoredReading, aUserId } from '../../support/build.ts'

describe('identity of a reading', () => {
  const original = aMeasurement({ timestamp: toInstant(Date.parse('2026-11-20T14:49:55Z')) })

  it('begins with the time and the type, so that readings lie in order of time', () => {
    expect(readingKey(original)).to.match(/^2026-11-20T14:49:55\.000Z#cgm#[\w-]{8}$/)
  })

  it('outlives a reconnect, another upload, and a change of content', () => {
    const again = aMeasurement({
      ...original,
      recordId: 'another',
      transmitterTicks: 1,
      glucose: 55,
      localTime: '2026-11-20T09:49:55',
      device: { transmitterId: original.device.transmitterId, display: 'receiver', app: null, generation: 'g7 pro' },
    })
    expect(readingKey(again)).to.equal(readingKey(original))
  })

  it('is the same where a page of readings is named at once, whichever streams they are of', () => {
    const of = (transmitterId: string | null, display: string | null) =>
      aStoredReading({ device: { transmitterId, display, app: null, generation: null } })
    const page = [of('a', 'iOS'), of('a', 'android'), of(null, 'a'), of(null, null), of('b', null), of('a', null)]
    const names = readingNames()
    expect(page.map(names.key)).to.deep.equal(page.map(readingKey))
    expect(page.map(names.id)).to.deep.equal(page.map(readingId))
  })

  it('differs by second, by type and by transmitter', () => {
    const others = [
      { ...original, timestamp: toInstant(Date.parse('2026-11-20T14:49:56Z')) },
      { ...original, type: 'calibration' as const },
      { ...original, device: { ...original.device, transmitterId: 'another' } },
    ]
    expect(new Set([original, ...others].map(readingKey)).size).to.equal(4)
  })

  it('is the same, made for one reading or for many in turn', () => {
    const by = (device: Partial<typeof original.device>) => ({ ...original, device: { ...original.device, ...device } })
    // A transmitter and a display of one name are two devices.
    const many = [
      by({ transmitterId: 'one' }),
      by({ transmitterId: null, display: 'one' }),
      by({ transmitterId: '', display: null }),
      by({ transmitterId: 'one', display: 'iOS' }),
      original,
    ]
    const keyOf = readingKeys()
    expect([...many, ...many].map(keyOf)).to.deep.equal([...many, ...many].map(readingKey))
  })

  it('falls back to the display device where no transmitter is named', () => {
    const by = (transmitterId: string | null, display: string | null) =>
      readingKey({ ...original, device: { ...original.device, transmitterId, display } })
    expect(new Set([by(null, 'receiver'), by(null, 'iOS'), by(null, null), by('receiver', 'iOS')]).size).to.equal(4)
    expect(by('', 'receiver')).to.equal(by(null, 'receiver'))
  })

  it('has a public id that stays over revisions and differs by person', () => {
    const reading = aStoredReading()
    expect(readingId({ ...reading, revision: 2, sequence: 99, recordId: 'other', glucose: 40 })).to.equal(
      readingId(reading),
    )
    expect(readingId({ ...reading, userId: aUserId() })).not.to.equal(readingId(reading))
    expect(readingId(reading)).to.match(/^[\w-]{22}$/)
  })

  it('shows a reading without what is ours alone', () => {
    const reading = aStoredReading({ glucose: 100, trendRate: 1 })
    const shown = toPublicReading(reading, 'mmol/L')
    expect(shown).to.include({ id: readingId(reading), unit: 'mmol/L', glucose: 5.6, trendRate: 0.056 })
    expect(shown).not.to.have.any.keys('recordId', 'transmitterTicks')
    expect(toPublicReading(reading)).to.include({ unit: 'mg/dL', glucose: 100 })
  })
})

describe('user ids', () => {
  for (const id of ['a', 'auth0|5f7c8ec7', 'us-east-1:1b2c', 'alice@example.org', 'A.b_c~d+e=f-g', 'x'.repeat(128)])
    it(`takes ${id.slice(0, 20)}`, () => {
      expect(UserId.parse(id)).to.equal(id)
    })
  for (const id of ['', 'x'.repeat(129), 'a b', 'a/b', 'a#b', 'ä', 'a\n', '%61', 'a?', 'a\u0000'])
    it(`refuses ${JSON.stringify(id.slice(0, 20))}`, () => {
      expect(UserId.safeParse(id).success).to.equal(false)
    })
})
