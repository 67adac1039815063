import { randomUUID } from 'node:crypto'
import { signDelivery } from '@bg-ingest/security'
import { expect } from 'chai'
import {
  ALICE,
  anApi,
  CONNECTED,
  NOBODY,
  OLD_WEBHOOK_SECRET,
  type TestApi,
  WEBHOOK_AUDIENCE,
  WEBHOOK_SECRET,
} from './an-api.ts'

const PATH = '/api/bg/alice/webhook'
const NOTICE = { type: 'data.available' }
const ACCOUNT = '4b1f0c7d'
const PUSH = { recordType: 'egv', recordVersion: '3.0', userId: ACCOUNT, records: [{ recordId: 'r1', value: 111 }] }

interface Delivery {
  readonly id?: string
  readonly at?: string
  readonly secret?: Uint8Array
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
}

describe('api: the webhook', () => {
  let api: TestApi
  let sender: string
  before(async () => {
    api = await anApi()
    sender = await api.token('dexcom-relay', ['bg:webhook'], WEBHOOK_AUDIENCE)
  })
  beforeEach(() => {
    api.reset()
    api.behind.account = {
      ...CONNECTED,
      connection: CONNECTED.connection && { ...CONNECTED.connection, dexcomUserId: ACCOUNT },
    }
  })
  after(() => api.close())

  const proofs = (text: string, { id = randomUUID(), at, secret = WEBHOOK_SECRET }: Delivery) => {
    const timestamp = at ?? String(Math.floor(api.now() / 1000))
    const signature = signDelivery(secret, id, timestamp, Buffer.from(text))
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
  }
  const deliver = (body: unknown = NOTICE, delivery: Delivery = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const { path = PATH, token = sender, headers = {} } = delivery
    return api.ask(path, { method: 'POST', token, body: text, headers: { ...proofs(text, delivery), ...headers } })
  }
  const counted = async (outcome: string) =>
    Number(new RegExp(`bg_webhook_total\\{outcome="${outcome}"\\} (\\d+)`).exec((await api.metrics()).body)?.[1])
  const conflicts = async (differs: string) =>
    Number(
      new RegExp(`bg_webhook_conflicts_total\\{differs="${differs}"\\} (\\d+)`).exec((await api.metrics()).body)?.[1],
    )
  /** Refused before anything was looked up or put anywhere. */
  const untouched = () => expect([api.behind.reads, api.behind.deliveries]).to.deep.equal([0, []])

  it('takes a notice in', async () => {
    const before = await counted('accepted')
    const { status, json } = await deliver(NOTICE, { id: 'msg_1' })
    expect(status).to.equal(202)
    expect(json).to.deep.equal({ accepted: true, duplicate: false, jobId: 'job_w' })
    expect(api.behind.deliveries).to.have.length(1)
    expect(api.behind.deliveries[0]).to.include({ userId: ALICE, webhookId: 'msg_1', sealed: null })
    expect(await counted('accepted')).to.equal(before + 1)
  })

  it('takes pushed readings in, sealed', async () => {
    expect((await deliver(PUSH)).status).to.equal(202)
    expect(api.behind.deliveries[0]?.sealed).to.equal('sealed pushed_readings of alice')
    expect(JSON.stringify(api.behind.deliveries)).not.to.include('111')
    expect((await deliver({ ...PUSH, records: [] })).status).to.equal(202)
  })

  it('accepts the same delivery again and does nothing', async () => {
    const before = await counted('duplicate')
    await deliver(NOTICE, { id: 'msg_2' })
    const { status, json } = await deliver(NOTICE, { id: 'msg_2' })
    expect([status, json['duplicate']]).to.deep.equal([202, true])
    expect(api.behind.deliveries).to.have.length(1)
    expect(await counted('duplicate')).to.equal(before + 1)
  })

  it('refuses another body under an id that is taken', async () => {
    const before = await conflicts('body')
    await deliver(NOTICE, { id: 'msg_3' })
    expect(await conflicts('body')).to.equal(before)
    const { status, json } = await deliver(PUSH, { id: 'msg_3' })
    expect([status, json.code, json.errors?.[0]?.pointer]).to.deep.equal([400, 'invalid_request', 'webhook-id'])
    expect(await conflicts('body')).to.equal(before + 1)
  })

  it('refuses for another person what was sent for one: the signature does not say for whom (H8)', async () => {
    const before = await conflicts('person')
    await deliver(NOTICE, { id: 'msg_4' })
    const { status, json } = await deliver(NOTICE, { id: 'msg_4', path: '/api/bg/bob/webhook' })
    expect([status, json.code, json['jobId']]).to.deep.equal([403, 'forbidden', undefined])
    expect(await conflicts('person')).to.equal(before + 1)
    expect(api.behind.deliveries).to.have.length(1)
  })

  it('takes either secret of a rotation', async () => {
    expect((await deliver(NOTICE, { secret: OLD_WEBHOOK_SECRET })).status).to.equal(202)
  })

  describe('does not say which proof failed, and has looked nobody up', () => {
    const refused: Readonly<Record<string, () => Delivery | Promise<Delivery>>> = {
      'a signature by another secret': () => ({ secret: Buffer.alloc(32, 9) }),
      'no signature': () => ({ headers: { 'webhook-signature': '' } }),
      'no id': () => ({ headers: { 'webhook-id': '' } }),
      'a timestamp of six minutes ago': () => ({ at: String(Math.floor(api.now() / 1000) - 360) }),
      'no token': () => ({ token: null }),
      "a caller's token": async () => ({ token: await api.token('alice') }),
      'a token that is none': () => ({ token: 'not.a.token' }),
      neither: () => ({ token: null, headers: { 'webhook-signature': 'v1,AAAA' } }),
    }
    for (const [name, delivery] of Object.entries(refused))
      it(name, async () => {
        const { status, json, headers } = await deliver(NOTICE, await delivery())
        expect(status).to.equal(401)
        expect(json.detail).to.equal('This delivery is not proven to be authentic')
        expect(headers['www-authenticate']).to.equal('Bearer realm="bg-ingest"')
        untouched()
      })
  })

  it('refuses a signature over another body, whoever parsed it in between', async () => {
    const signed = JSON.stringify(PUSH)
    for (const text of [
      `${signed}\n`,
      `\ufeff${signed}`,
      JSON.stringify(PUSH, null, 1),
      signed.replace('111', '112'),
    ]) {
      const { status } = await deliver(text, { headers: proofs(signed, {}) })
      expect(status, text.slice(0, 20)).to.equal(401)
    }
    untouched()
  })

  it('answers unknown people like known ones while the proofs are not good', async () => {
    const known = await deliver(NOTICE, { token: null })
    const unknown = await deliver(NOTICE, { token: null, path: '/api/bg/nobody/webhook' })
    expect({ ...unknown.json, requestId: '' }).to.deep.equal({ ...known.json, requestId: '' })
  })

  it('refuses a proof that comes twice, though it be twice the same: another reader may take the other one (H20)', async () => {
    const good = proofs(JSON.stringify(NOTICE), {})
    for (const [name, value] of Object.entries({ ...good, authorization: `Bearer ${sender}` })) {
      const twice = { ...good, [name]: [value, value] as unknown as string }
      const { status, json } = await deliver(NOTICE, {
        headers: twice,
        ...(name === 'authorization' && { token: null }),
      })
      expect([status, json.errors?.[0]?.pointer]).to.deep.equal([400, name])
    }
    untouched()
  })

  it('refuses a sender whose token does not allow it', async () => {
    const { status } = await deliver(NOTICE, { token: await api.token('relay', ['bg:read'], WEBHOOK_AUDIENCE) })
    expect(status).to.equal(403)
    untouched()
  })

  it("refuses readings of another account than the person's", async () => {
    const { status, json } = await deliver({ ...PUSH, userId: 'somebody-else' })
    expect([status, json.code]).to.deep.equal([403, 'forbidden'])
    expect(api.behind.deliveries).to.deep.equal([])
  })

  it('asks to come back while the account is not known yet', async () => {
    api.behind.account = CONNECTED
    const { status, headers } = await deliver(PUSH)
    expect([status, headers['retry-after']]).to.deep.equal([503, '60'])
    expect((await deliver(NOTICE)).status).to.equal(202)
  })

  it('refuses people who are not connected', async () => {
    for (const account of [
      NOBODY,
      {
        ...CONNECTED,
        connection: CONNECTED.connection && { ...CONNECTED.connection, status: 'needs_reauth' as const },
      },
    ]) {
      api.behind.account = account
      const { status, json } = await deliver()
      expect([status, json.code]).to.deep.equal([409, 'not_connected'])
    }
    expect(api.behind.deliveries).to.deep.equal([])
  })

  for (const [name, body] of Object.entries({
    'no JSON': 'data.available',
    nothing: '',
    'another notice': { type: 'data.gone' },
    'a notice and more': { type: 'data.available', also: 1 },
    'another record type': { ...PUSH, recordType: 'event' },
    'no account': { recordType: 'egv', recordVersion: '3.0', records: [] },
    'records that are no list': { ...PUSH, records: {} },
    'more than 500 records': { ...PUSH, records: Array(501).fill({}) },
    'a list': [NOTICE],
    'invalid UTF-8, read as text': '{"type":"\ud800"}',
  }))
    it(`refuses ${name} as a body`, async () => {
      const { status, json } = await deliver(body)
      expect([status, json.code]).to.deep.equal([400, 'invalid_request'])
      expect(api.behind.deliveries).to.deep.equal([])
    })

  it('verifies before it looks at the type, and takes JSON only', async () => {
    expect((await deliver(NOTICE, { headers: { 'content-type': 'text/plain' } })).status).to.equal(415)
    expect((await deliver(NOTICE, { token: null, headers: { 'content-type': 'text/plain' } })).status).to.equal(401)
  })

  it('takes 256 KB and not a byte more', async () => {
    const padded = (bytes: number) => {
      const text = JSON.stringify({ ...PUSH, records: [{ pad: '' }] })
      return text.replace('"pad":""', `"pad":"${'x'.repeat(bytes - text.length)}"`)
    }
    expect((await deliver(padded(262_144))).status).to.equal(202)
    expect((await deliver(padded(262_145))).status).to.equal(413)
  })

  it('asks to come back while the queue is away', async () => {
    api.behind.queueFault = new Error('gone')
    const before = await counted('unavailable')
    expect((await deliver()).status).to.be.within(500, 503)
    expect(await counted('unavailable')).to.equal(before + 1)
  })

  it('computes no signature for an address that is over its limit, and none is asked of it again (H13)', async () => {
    const [ofAddress, ofFailures] = [100, 1]
    let looked = 0
    const clock = () => {
      looked += 1 // the clock is read where a signature is about to be computed, and nowhere else
      return api.now()
    }
    const stormed = await anApi({
      sender: { now: clock },
      rateLimits: { perIp: { limit: ofAddress, windowMs: 60_000 } },
    })
    try {
      const storm = async (calls: number) => {
        const headers = { ...proofs('{}', {}), 'webhook-signature': 'v1,AAAA' }
        const all = Array.from({ length: calls }, () => stormed.ask(PATH, { method: 'POST', body: '{}', headers }))
        return (await Promise.all(all)).map(({ status, headers }) => [status, Number(headers['retry-after'] ?? 0)])
      }
      const first = await storm(ofAddress)
      expect(first.filter(([status]) => status === 401)).to.have.length(ofFailures)
      expect(first.filter(([status]) => status === 429)).to.have.length(ofAddress - ofFailures)
      const computed = looked
      expect(computed).to.be.within(1, ofAddress)
      for (const [status, retryAfter] of await storm(500)) {
        expect(status).to.equal(429)
        expect(retryAfter).to.be.within(1, 60)
      }
      expect(looked, 'signatures computed of 500').to.equal(computed)
    } finally {
      await stormed.close()
    }
  })

  describe('asks for the proofs that are configured', () => {
    const using = async (proofs: Parameters<typeof anApi>[0], delivery: Delivery) => {
      const other = await anApi(proofs)
      try {
        other.behind.account = api.behind.account
        const text = JSON.stringify(NOTICE)
        const { token = sender, headers = {} } = delivery
        const signature = signDelivery(WEBHOOK_SECRET, 'msg', String(Math.floor(other.now() / 1000)), Buffer.from(text))
        const signed = {
          'webhook-id': 'msg',
          'webhook-timestamp': String(Math.floor(other.now() / 1000)),
          'webhook-signature': signature,
        }
        return await other.ask(PATH, { method: 'POST', token, body: text, headers: { ...signed, ...headers } })
      } finally {
        await other.close()
      }
    }

    it('signature alone', async () => {
      expect((await using({ sender: { auth: 'signature' } }, { token: null })).status).to.equal(202)
      expect(
        (await using({ sender: { auth: 'signature' } }, { headers: { 'webhook-signature': '' } })).status,
      ).to.equal(401)
    })

    it('token alone', async () => {
      expect((await using({ sender: { auth: 'jwt' } }, { headers: { 'webhook-signature': '' } })).status).to.equal(202)
      expect((await using({ sender: { auth: 'jwt' } }, { token: null })).status).to.equal(401)
    })

    it('503 without a secret, unless none is asked for', async () => {
      const { status, headers } = await using({ sender: { secrets: null } }, {})
      expect([status, headers['retry-after']]).to.deep.equal([503, '3600'])
      expect((await using({ sender: { secrets: null, auth: 'jwt' } }, {})).status).to.equal(202)
    })
  })

  it('knows POST alone', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status, headers } = await api.ask(PATH, { method })
      expect([status, headers['allow']], method).to.deep.equal([405, 'POST'])
    }
  })
})
