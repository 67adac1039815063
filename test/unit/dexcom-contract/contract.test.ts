import {
  AlertRecord,
  authorizeUrl,
  CalibrationRecord,
  DataRange,
  DEXCOM_HOSTS,
  DeviceRecord,
  EgvRecord,
  EventRecord,
  KNOWN_VALUES,
  RecordsPage,
  TokenResponse,
  vendorDelayMs,
} from '@bg-ingest/dexcom-contract'
import { expect } from 'chai'

describe('the authorize URL', () => {
  const input = {
    baseUrl: 'https://sandbox-api.dexcom.com',
    clientId: 'id&with=signs',
    redirectUri: 'http://localhost:5001/oauth/callback?x=1',
    state: 'a b+c/=',
  }

  it('leads to the login of the region, with everything encoded', () => {
    const url = new URL(authorizeUrl(input))
    expect(url.origin + url.pathname).to.equal('https://sandbox-api.dexcom.com/v3/oauth2/login')
    expect(Object.fromEntries(url.searchParams)).to.deep.equal({
      client_id: input.clientId,
      redirect_uri: input.redirectUri,
      response_type: 'code',
      scope: 'offline_access',
      state: input.state,
    })
  })

  it('takes a base with a slash at its end', () => {
    const url = authorizeUrl({ ...input, baseUrl: 'http://127.0.0.1:4000/' })
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:4000\/v3\/oauth2\/login\?/)
  })
})

describe("Dexcom's delay", () => {
  for (const [baseUrl, hours] of [
    [DEXCOM_HOSTS.sandbox, 1],
    [DEXCOM_HOSTS.US, 1],
    [DEXCOM_HOSTS.EU, 3],
    [DEXCOM_HOSTS.JP, 3],
    ['https://sandbox-api.dexcom.eu/', 3],
    ['http://127.0.0.1:4000', 1],
    ['https://dexcom.eu.example.org', 1],
  ] as const)
    it(`is ${hours} h at ${baseUrl}`, () => {
      expect(vendorDelayMs(baseUrl)).to.equal(hours * 3_600_000)
    })
})

describe('wire schemas', () => {
  const bare = { recordId: 'r', systemTime: '2026-10-03T01:15' }

  it('ask a record for its id and time, and leave enums open', () => {
    expect(EgvRecord.safeParse(bare).success).to.equal(true)
    const odd = {
      ...bare,
      trend: 'sideways',
      transmitterGeneration: 'g715day',
      displayDevice: '',
      unit: null,
      value: null,
    }
    expect(EgvRecord.safeParse({ ...odd, somethingNew: [1] }).success).to.equal(true)
    expect(EgvRecord.safeParse({ systemTime: bare.systemTime }).success).to.equal(false)
    expect(EgvRecord.safeParse({ ...bare, value: '112' }).success).to.equal(false)
    expect(CalibrationRecord.safeParse({ ...bare, value: 112 }).success).to.equal(true)
    expect(EventRecord.safeParse({ ...bare, eventType: 'bloodGlucose', value: '112' }).success).to.equal(true)
  })

  it('ask a page for its account and its records, whatever those are', () => {
    const page = { recordType: 'egv', recordVersion: '3.0', userId: 'u', records: [null, 1, {}] }
    expect(RecordsPage.safeParse(page).success).to.equal(true)
    for (const recordVersion of ['4.0', 3, null, undefined])
      expect(RecordsPage.safeParse({ ...page, recordVersion }).success, String(recordVersion)).to.equal(true)
    expect(RecordsPage.safeParse({ ...page, userId: '' }).success).to.equal(false)
    expect(RecordsPage.safeParse({ ...page, records: null }).success).to.equal(false)
  })

  it('ask an alert for its name too, and a device for nothing', () => {
    expect(AlertRecord.safeParse({ ...bare, alertName: 'fixedLow' }).success).to.equal(true)
    expect(AlertRecord.safeParse(bare).success).to.equal(false)
    expect(DeviceRecord.safeParse({}).success).to.equal(true)
    expect(DeviceRecord.safeParse({ alertSchedules: 'none', lastUploadDate: null }).success).to.equal(true)
  })

  it('list what Dexcom lists, each word once and none empty', () => {
    for (const [field, values] of Object.entries(KNOWN_VALUES)) {
      expect(
        [...values].every((value) => value !== ''),
        field,
      ).to.equal(true)
      expect(values.size, field).to.be.at.least(3)
    }
  })

  it('take a data range without data', () => {
    const empty = { recordType: 'dataRange', recordVersion: '3.0', userId: 'u' }
    expect(DataRange.safeParse(empty).success).to.equal(true)
    expect(DataRange.safeParse({ ...empty, egvs: null }).success).to.equal(true)
    expect(DataRange.safeParse({ ...empty, egvs: { start: { systemTime: 'x' } } }).success).to.equal(false)
  })

  it('take a life of a token in number or text, and an answer without a new refresh token', () => {
    for (const expires_in of [7200, '7200', '-1', undefined])
      expect(TokenResponse.safeParse({ access_token: 'a', expires_in }).success, String(expires_in)).to.equal(true)
    for (const answer of [
      {},
      { access_token: '' },
      { access_token: 'a', refresh_token: '' },
      { access_token: 'a', expires_in: 'soon' },
    ])
      expect(TokenResponse.safeParse(answer).success, JSON.stringify(answer)).to.equal(false)
  })
})
