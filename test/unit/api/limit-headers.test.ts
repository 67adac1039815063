import { hash } from 'node:crypto'
import { expect } from 'chai'
import { anApi, type TestApi } from './an-api.ts'

const LATEST = '/api/bg/alice/latest'

/** As draft-ietf-httpapi-ratelimit-headers-08 and express-rate-limit 8 name a partition. */
const partitionOf = (caller: string) =>
  Buffer.from(hash('sha256', hash('sha256', caller, 'base64url')).slice(0, 12)).toString('base64')

describe('api: headers of the limits', () => {
  let api: TestApi
  before(async () => {
    api = await anApi({ rateLimits: { perUser: { limit: 2, windowMs: 90_000 } } })
  })
  after(() => api.close())

  it('say of each limit what is left, how large it is and whose it is, also where a call is refused', async () => {
    for (const [left, status] of [
      [1, 404],
      [0, 404],
      [0, 429],
    ]) {
      const answer = await api.ask(LATEST)
      expect(answer.status).to.equal(status)
      expect(answer.headers.ratelimit).to.match(
        new RegExp(`^"address"; r=\\d+; t=\\d+, "user"; r=${left}; t=(?:89|90)$`),
      )
      expect(answer.headers['ratelimit-policy']).to.equal(
        `"address"; q=1000000; w=60; pk=:${partitionOf('127.0.0.1')}:, "user"; q=2; w=90; pk=:${partitionOf('alice')}:`,
      )
    }
  })

  it('of a refusal show no more than the limits that were asked', async () => {
    const answer = await api.ask(LATEST, { token: null })
    expect([answer.status, String(answer.headers.ratelimit).includes('user')]).to.deep.equal([401, false])
  })
})
