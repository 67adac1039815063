import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { exportJWK } from 'jose'
import { killApp, type ListeningApp, startApp } from '../support/e2e-process.ts'
import { proofsOf } from '../support/e2e-sender.ts'
import { useSystem } from '../support/e2e-system.ts'
import { bodyFor, methodOf, pathOf, type Spec, scopeOf, specs } from '../support/every-route.ts'
import { goodTokens, hostileKeys, hostileTokens, type TokenMaker, tokenMaker } from '../support/hostile-tokens.ts'
import { type KeyProvider, startKeyProvider } from '../support/key-provider.ts'
import { type Ask, send } from '../unit/api/http-call.ts'
import { pemOf, signed } from '../unit/security/tokens.ts'

const USER = 'tokens-of-nobody'
const ISSUER = 'https://id.example'
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const NEXT_RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
/** After a failed fetch nobody asks for so long. */
const FAILURE_PAUSE_MS = 5_000
const guarded = specs.filter(({ access }) => access.kind !== 'public')

/** Lists I of promises.md: every case at every address that is not open to all, in the process that is shipped. */
describe('Tokens that mean harm, at every route', function () {
  this.timeout(30_000)
  const system = useSystem({ name: 'tokens', workers: 0, variables: { JWT_MAX_LIFETIME_SECONDS: '3600' } })
  let stranger: KeyProvider
  let redis: Redis
  before(async () => {
    stranger = await startKeyProvider()
    redis = new Redis(system.variables.REDIS_URL ?? '')
  })
  after(async () => {
    redis?.disconnect()
    await stranger?.close()
  })

  const makerFor = (spec: Spec): TokenMaker => ({
    secret: system.variables.JWT_SECRET ?? '',
    sub: USER,
    audience: spec.access.kind === 'sender' ? 'bg-ingest-webhook' : 'bg-ingest',
    scope: scopeOf(spec),
    now: Math.floor(Date.now() / 1000),
    stranger: stranger.url,
  })
  const portOf = (app: ListeningApp) => Number(new URL(app.url).port)
  /** A call that is right in everything but its token, with a good signature where one is asked for. */
  const ask = (
    spec: Spec,
    token: string | null,
    { app = system.api, ...over }: Ask & { readonly app?: ListeningApp } = {},
  ) => {
    const body = bodyFor(spec)
    const proofs = spec.access.kind === 'sender' ? proofsOf(system.variables, body ?? '') : {}
    const { headers, ...rest } = over
    const call = { method: methodOf(spec), token, body, headers: { ...proofs, ...headers }, ...rest }
    return send(portOf(app), pathOf(spec, USER), call)
  }
  /** What anybody's call may leave behind; limits are counted, and that is all. */
  const left = async () => (await redis.keys('*')).filter((key) => !key.startsWith('bg:limit:')).sort()

  it('looks at more than the operations with a scope of their own', () => {
    expect(guarded.map(({ access }) => access.kind)).to.include.members(['owner', 'sender'])
    expect(guarded.length).to.be.at.least(10)
  })

  for (const spec of guarded)
    it(`${spec.operationId}: every one is 401, with nothing said of why and nothing done`, async () => {
      const before = await left()
      const tokens = hostileTokens(makerFor(spec))
      expect(Object.keys(tokens).length).to.be.at.least(45)
      const details = new Set<unknown>()
      for (const [title, token] of [...Object.entries(tokens), ['I-15 none', null] as const]) {
        const { status, json, headers } = await ask(spec, token)
        expect(status, title).to.equal(401)
        expect(headers['www-authenticate'], title).to.equal('Bearer realm="bg-ingest"')
        details.add(json.detail)
      }
      expect(details.size, 'one answer for all').to.equal(1)
      expect(await left()).to.deep.equal(before)
    })

  for (const spec of guarded)
    it(`${spec.operationId}: I-15 the token goes into one header and nowhere else`, async () => {
      const maker = makerFor(spec)
      const token = tokenMaker(maker)()
      const call = { method: methodOf(spec), body: bodyFor(spec), token: null }
      const proofs = spec.access.kind === 'sender' ? proofsOf(system.variables, call.body ?? '') : {}
      for (const name of ['access_token', 'token', 'jwt', 'authorization']) {
        const path = `${pathOf(spec, USER)}?${name}=${token}`
        expect((await send(portOf(system.api), path, { ...call, headers: proofs })).status, name).to.equal(401)
      }
      const cookie = await ask(spec, null, {
        headers: { cookie: `access_token=${token}; authorization=Bearer ${token}` },
      })
      expect(cookie.status).to.equal(401)
      // A webhook's headers are refused as such where they come twice (H20).
      const twice = await ask(spec, null, {
        headers: { authorization: [`Bearer ${token}`, `Bearer ${token}`] as never },
      })
      expect(twice.status).to.equal(spec.access.kind === 'sender' ? 400 : 401)
      const long = tokenMaker(maker)({ pad: 'x'.repeat(9_000) })
      expect((await ask(spec, long)).status, '12 kB').to.equal(401)
      expect((await ask(spec, 'x'.repeat(17_000))).status, '17 kB').to.equal(431)
      expect((await ask(spec, null, { headers: { authorization: `bEARER ${token}` } })).status).to.not.equal(401)
    })

  for (const spec of guarded)
    it(`${spec.operationId}: lets in what is right in another way`, async () => {
      for (const [title, token] of Object.entries(goodTokens(makerFor(spec))))
        expect((await ask(spec, token)).status, title).to.be.oneOf([200, 201, 202, 404, 409])
    })

  it('I-11 of another person is 403 with the right scope too; a sender is nobody in particular', async () => {
    for (const spec of guarded) {
      const other = tokenMaker(makerFor(spec))({ sub: 'somebody-else' })
      expect((await ask(spec, other)).status, spec.operationId).to.equal(spec.access.kind === 'sender' ? 409 : 403)
    }
  })

  it('I-18 of a service or sender without the scope of the route is 403', async () => {
    for (const spec of guarded) {
      const scopes = ['bg:read', 'bg:sync', 'bg:connect', 'bg:webhook'].filter((scope) => scope !== scopeOf(spec))
      const token = tokenMaker(makerFor(spec))({ sub: 'a-service', scope: [...scopes, 'bg:any-user'].join(' ') })
      expect((await ask(spec, token)).status, spec.operationId).to.equal(403)
    }
  })

  it('I-9 for the callers open no webhook, and the other way round', async () => {
    for (const spec of guarded) {
      const maker = makerFor(spec)
      const audience = maker.audience === 'bg-ingest' ? 'bg-ingest-webhook' : 'bg-ingest'
      const scope = 'bg:read bg:sync bg:connect bg:webhook bg:any-user'
      expect((await ask(spec, tokenMaker({ ...maker, audience, scope })())).status, spec.operationId).to.equal(401)
    }
  })

  describe("where an identity provider's keys are configured", () => {
    let provider: KeyProvider
    let api: ListeningApp
    let keysHad = { asked: 0, atMs: 0 }
    const rs256 = (spec: Spec, key = RSA, kid = 'rsa', claims: object = {}) =>
      tokenMaker(makerFor(spec))({ iss: ISSUER, ...claims }, { alg: 'RS256', kid }, signed(key.privateKey, 'sha256'))
    const jwk = async (pair: typeof RSA, kid: string) => ({ ...(await exportJWK(pair.publicKey)), kid, use: 'sig' })

    before(async () => {
      provider = await startKeyProvider()
      const { JWT_SECRET: _, ...variables } = system.variables
      api = await startApp('api', { ...variables, JWT_JWKS_URL: `${provider.url}/keys`, JWT_ISSUER: ISSUER })
    })
    after(async () => {
      if (api) await killApp(api)
      await provider?.close()
    })

    it('I-17 503 with Retry-After, not 401, while they cannot be had, and one fetch for all who ask', async () => {
      provider.status = 500
      provider.delayMs = 500
      const [spec] = guarded as [Spec]
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(spec, rs256(spec), { app: api })))
      for (const { status, headers } of answers) {
        expect(status).to.equal(503)
        expect(Number(headers['retry-after'])).to.be.within(1, 60)
      }
      expect(provider.asked()).to.equal(1)
      const failedAt = Date.now()
      for (const route of guarded)
        expect((await ask(route, rs256(route), { app: api })).status, route.operationId).to.equal(503)
      const pauses = Math.floor((Date.now() - failedAt) / FAILURE_PAUSE_MS)
      expect(provider.asked(), 'and none for those who ask soon after, senders neither').to.be.at.most(1 + pauses)
    })

    it('I-17 they come back by themselves, with one fetch for fifty callers', async function () {
      this.timeout(20_000)
      provider.status = 200
      provider.keys = [await jwk(RSA, 'rsa'), await jwk(EC as typeof RSA, 'ec')]
      const [spec] = guarded as [Spec]
      const asked = provider.asked()
      const all = () => Promise.all(Array.from({ length: 50 }, () => ask(spec, rs256(spec), { app: api })))
      const refused = (answers: Awaited<ReturnType<typeof all>>) =>
        answers.filter(({ status }) => status === 503).length
      const deadline = Date.now() + 15_000
      while (refused(await all()) > 0) expect(Date.now(), 'no keys').to.be.below(deadline)
      expect(provider.asked()).to.equal(asked + 1)
      keysHad = { asked: provider.asked(), atMs: Date.now() }
    })

    for (const spec of guarded)
      it(`${spec.operationId}: every forgery is 401, and whose keys are good comes in`, async () => {
        const keys = { rsa: RSA.privateKey, pem: pemOf(RSA.publicKey) }
        const forged = {
          ...hostileKeys(makerFor(spec), keys),
          'I-10 another iss': rs256(spec, RSA, 'rsa', { iss: 'https://evil.example' }),
          'I-10 iss with a slash': rs256(spec, RSA, 'rsa', { iss: `${ISSUER}/` }),
          'I-10 iss in other case': rs256(spec, RSA, 'rsa', { iss: ISSUER.toUpperCase() }),
          'I-10 a list of iss': rs256(spec, RSA, 'rsa', { iss: [ISSUER] }),
        }
        for (const [title, token] of Object.entries(forged))
          expect((await ask(spec, token, { app: api })).status, title).to.equal(401)
        expect((await ask(spec, rs256(spec), { app: api })).status).to.be.oneOf([200, 201, 202, 404, 409])
      })

    it('I-17 invented key ids cost one fetch a minute, over all routes', async () => {
      for (const spec of guarded)
        for (const kid of ['next', 'x', 'y']) await ask(spec, rs256(spec, NEXT_RSA, kid), { app: api })
      // Since the keys were had there have been unknown ones among the forgeries of every route as well.
      const minutes = Math.floor((Date.now() - keysHad.atMs) / 60_000)
      expect(provider.asked() - keysHad.asked, 'of callers and senders together').to.be.at.most(minutes)
    })

    it('I-17 cached keys serve on while the provider is away', async () => {
      provider.status = 500
      for (const spec of guarded)
        expect((await ask(spec, rs256(spec), { app: api })).status, spec.operationId).to.not.be.oneOf([401, 503])
    })
  })

  it('I-5 nobody went where a token said', () => {
    expect(stranger.asked()).to.equal(0)
  })
})
