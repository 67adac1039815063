import { normaliseRecords } from '@bg-ingest/dexcom'
import { expect } from 'chai'
import { aClient } from './a-client.ts'
import { anEgv, NOW_MS, without } from './wire.ts'

describe('records that are pushed to us', () => {
  const { client } = aClient('http://127.0.0.1:1')

  it('are read like a page of /egvs, asking nobody', () => {
    const records = [
      anEgv(),
      anEgv({ value: null }),
      anEgv({ trend: 'sideways', systemTime: '2026-11-20T14:40Z' }),
      anEgv({ unit: 'grams' }),
      without(anEgv(), 'recordId'),
      null,
      anEgv({ systemTime: '2099-01-01T00:00:00Z' }),
    ]
    const pushed = client.readPushed('dexcom-user', records)
    expect(pushed).to.deep.equal({
      dexcomUserId: 'dexcom-user',
      fetched: 7,
      ...normaliseRecords('cgm', records, NOW_MS),
    })
    expect(Object.fromEntries(pushed.rejected)).to.deep.equal({ value_missing: 1, unit: 1, shape: 2, future: 1 })
    expect(Object.fromEntries(pushed.unknownValues)).to.deep.equal({ trend: 1, unit: 1 })
  })

  it('are 500 at most', () => {
    const records = Array.from({ length: 501 }, () => anEgv())
    expect(client.readPushed('dexcom-user', records.slice(1)).measurements).to.have.length(500)
    expect(() => client.readPushed('dexcom-user', records)).to.throw(RangeError)
  })

  it('may be none', () => {
    expect(client.readPushed('dexcom-user', [])).to.include({ fetched: 0 })
  })
})
