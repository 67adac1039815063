import { expect } from 'chai'
import { aStoredReading } from '../support/build.ts'
import { createFuzz, type Fuzz } from '../support/fuzz-run.ts'
import { type Operation, readContract } from '../support/openapi-fuzz.ts'
import { type Spoilt, startSpoilingProxy } from '../support/spoiling-proxy.ts'
import { ALICE, anApi, aSync, CONNECTED, NOBODY, type TestApi, WEBHOOK_AUDIENCE } from '../unit/api/an-api.ts'

/** Requests of one operation; all of them together are above 5,000. */
const RUNS = 540
/** Of an address that takes next to nothing. */
const SERVICE_RUNS = 60
/** As `newToken` makes them. */
const TICKET = 'T'.repeat(43)

describe('contract: the API answers nothing that docs/openapi.json does not list', function () {
  this.timeout(120_000)
  const contract = readContract()
  const operation = (id: string) => contract.operations.find(({ operationId }) => operationId === id) ?? expect.fail(id)
  let api: TestApi
  let tokens: readonly string[]
  let relay: string
  let fuzz: Fuzz

  before(async () => {
    // With a token alone, so that deliveries get past their proof.
    api = await anApi({ sender: { auth: 'jwt' } })
    relay = await api.token('relay', ['bg:webhook'], WEBHOOK_AUDIENCE)
    tokens = await Promise.all([
      api.token('alice'),
      api.token('alice'),
      api.token('alice'),
      api.token('alice', ['bg:read']),
      api.token('service', ['bg:read', 'bg:sync', 'bg:connect', 'bg:any-user']),
      'x.y.z',
    ])
    api.behind.readings = Array.from({ length: 20 }, () => aStoredReading({ userId: ALICE }))
    api.behind.syncs.set('job_0', aSync({ status: 'active' }))
    fuzz = fuzzOf(api.port)
  })
  after(() => {
    fuzz.close()
    return api.close()
  })

  const fuzzOf = (port: number) =>
    createFuzz({
      port,
      contract,
      // Mostly the relay's where a delivery wants one: any other ends at its proof.
      tokenOf: ({ operationId }, choice) =>
        (operationId === 'receiveWebhook' && choice % 4 !== 0 ? relay : tokens[choice % tokens.length]) ?? '',
      known: { userId: 'alice', jobId: 'job_0', ticket: TICKET },
      beforeCall(_operation, run) {
        api.behind.account = run % 7 === 0 ? NOBODY : CONNECTED
        if (run % 2 === 0) api.behind.tickets.set(`start ${TICKET}`, { userId: 'alice', region: 'default' })
      },
    })

  const runsOf = ({ path }: Operation) => (path.startsWith('/api/') ? RUNS : SERVICE_RUNS)

  for (const one of contract.operations) it(`${one.operationId}, whatever is asked`, () => fuzz.run(one, runsOf(one)))

  it('has sent as many as it says, and reached what is behind the checks', () => {
    const total = [...fuzz.statuses.values()].reduce((sum, count) => sum + count, 0)
    expect(total).to.be.at.least(5_000)
    for (const reached of [
      'getLatestReading 200',
      'getLatestReading 304',
      'listReadings 200',
      'listReadings 400',
      'listChanges 200',
      'requestSync 202',
      'requestSync 400',
      'getSync 200',
      'getSync 404',
      'createConnection 201',
      'patchConnection 202',
      'deleteConnection 202',
      'getConnection 403',
      'receiveWebhook 202',
      'receiveWebhook 401',
      'listReadings 406',
      'requestSync 415',
      'startAuthorization 302',
      'startAuthorization 400',
      'finishAuthorization 400',
      'getReadiness 200',
    ])
      expect(fuzz.statuses.get(reached) ?? 0, reached).to.be.above(0)
  })

  const PLANTED: Readonly<Record<string, readonly [string, RegExp, (answer: Spoilt) => Spoilt | null]>> = {
    'a status that is not in it': [
      'getConnection',
      /418 with application\/json is not in the contract/,
      ({ status, text }) => (status === 200 ? { status: 418, text } : null),
    ],
    'a field of another type': [
      'getLatestReading',
      /200 does not match its schema: .*glucose/,
      ({ status, text }) =>
        status === 200 ? { status, text: text.replace(/"glucose":(\d+)/, '"glucose":"$1"') } : null,
    ],
    'a field that is missing': [
      'listChanges',
      /200 does not match its schema: .*latestSequence/,
      ({ status, text }) => (status === 200 ? { status, text: text.replace(/"latestSequence":\d+,/, '') } : null),
    ],
    'a field that is nobody else’s business': [
      'getSync',
      /200 does not match its schema: .*additionalProperties/,
      ({ status, text }) => (status === 200 ? { status, text: text.replace('{', '{"lease":"x",') } : null),
    ],
    'a problem without its code': [
      'listReadings',
      /400 does not match its schema: .*code/,
      ({ status, text }) => (status === 400 ? { status, text: text.replace(/"code":"\w+",/, '') } : null),
    ],
    'a fault': ['deleteConnection', /a fault/, ({ status, text }) => (status === 202 ? { status: 500, text } : null)],
  }
  for (const [what, [id, complaint, spoil]] of Object.entries(PLANTED))
    it(`is red for ${what}`, async () => {
      const proxy = await startSpoilingProxy(api.port, (_path, answer) => spoil(answer))
      const spoilt = fuzzOf(proxy.port)
      try {
        const found = await spoilt.run(operation(id), RUNS).then(
          () => '',
          (err: Error) => `${err.message} ${err.cause}`,
        )
        expect(found).to.match(complaint)
        expect(proxy.spoilt()).to.be.above(0)
      } finally {
        spoilt.close()
        await proxy.close()
      }
    })
})
