import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { loadProvisionConfig } from '@bg-ingest/config'
import { expect } from 'chai'
import { CANARY, ENCRYPTION_KEYS, loadApi, loadToken, loadWorker } from './environments.ts'

const HOUR_MS = 3_600_000

describe('configuration', () => {
  it('has the defaults of the contract (API)', () => {
    const config = loadApi()
    expect(config.service).to.deep.equal({ logLevel: 'info' })
    expect(config.shutdown).to.deep.equal({ graceMs: 25_000 })
    expect(config.http).to.deep.equal({
      port: 5001,
      trustProxy: false,
      rateLimits: { perUser: { limit: 300, windowMs: 60_000 }, perIp: { limit: 1000, windowMs: 60_000 } },
    })
    expect(config.redis.url.reveal()).to.equal('redis://localhost:6379')
    expect(config.redis.prefix).to.equal('bg')
    expect(config.dynamo).to.deep.equal({
      server: { endpoint: undefined, region: 'us-east-1', anyCredentials: false },
      readingsTable: 'bg_readings',
      accountsTable: 'bg_accounts',
    })
    expect(config.jwt.audience).to.equal('bg-ingest')
    expect(config.jwt.issuer).to.equal(undefined)
    expect(config.jwt.maxLifetimeSeconds).to.equal(undefined)
    expect(config.webhook).to.deep.equal({ secrets: null, auth: 'signature+jwt', jwtAudience: 'bg-ingest-webhook' })
    expect(config.dexcom).to.deep.equal({
      redirectUri: 'http://localhost:5001/oauth/callback',
      pkce: false,
      regions: [{ name: 'default', clientId: 'our-client', baseUrl: 'https://sandbox-api.dexcom.com' }],
    })
    expect(config.returnTo.origins).to.deep.equal([])
    expect(config.polling.intervalMs).to.equal(900_000)
    expect(config.board).to.deep.equal({ password: null, actions: false })
  })

  it('takes a DynamoDB on plain http for a local one that wants no credentials of ours, unless there are some', () => {
    const server = (env: Record<string, string>) => loadProvisionConfig(env).dynamo.server.anyCredentials
    expect(server({ DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000' })).to.equal(true)
    expect(server({ DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000', AWS_PROFILE: 'dev' })).to.equal(false)
    expect(server({ DYNAMODB_ENDPOINT: 'https://dynamodb.eu-west-1.amazonaws.com' })).to.equal(false)
    expect(server({})).to.equal(false)
  })

  it('has the defaults of the contract (worker)', () => {
    const config = loadWorker()
    expect(config.http).to.deep.equal({ port: 5002 })
    expect(config.rabbitmq.url).to.equal(null)
    expect(config.dexcom.callsPerHour).to.equal(60_000)
    expect(config.dexcom.regions[0]?.clientSecret.reveal()).to.equal(`${CANARY}-client-secret`)
    expect(config.sync).to.deep.equal({
      pollIntervalMs: 900_000,
      lookbackMs: 26 * HOUR_MS,
      reconcileIntervalMs: 24 * HOUR_MS,
      retentionMs: 730 * 24 * HOUR_MS,
      concurrency: 50,
    })
  })

  it('takes an empty variable for an unset one', () => {
    const config = loadWorker({ RABBITMQ_URL: '', POLL_INTERVAL_SECONDS: '', KMS_KEY_ARN: '' })
    expect(config.rabbitmq.url).to.equal(null)
    expect(config.sync.pollIntervalMs).to.equal(900_000)
  })

  it('takes small values, fractions of hours and a retention without end', () => {
    const { sync } = loadWorker({
      POLL_INTERVAL_SECONDS: '1',
      SYNC_LOOKBACK_HOURS: '0.5',
      RECONCILE_INTERVAL_HOURS: '0.001',
      RETENTION_DAYS: '0',
    })
    expect(sync).to.include({
      pollIntervalMs: 1000,
      lookbackMs: 1_800_000,
      reconcileIntervalMs: 3600,
      retentionMs: null,
    })
  })

  it('reads every key of a rotation, the first first', () => {
    const keys = loadApi().encryption.keys.reveal()
    expect(keys.map(({ id }) => id)).to.deep.equal(['k2', 'k1'])
    expect(keys.map(({ key }) => key)).to.deep.equal([new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)])
  })

  it('takes a KMS key beside the keys, and in their place', () => {
    const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
    expect(loadApi().encryption.kms).to.equal(null)
    for (const { encryption } of [loadApi({ KMS_KEY_ARN: arn }), loadWorker({ KMS_KEY_ARN: arn })]) {
      expect(encryption.kms).to.deep.equal({ arn })
      expect(encryption.keys.reveal().map(({ id }) => id)).to.deep.equal(['k2', 'k1'])
    }
    expect(loadApi({ KMS_KEY_ARN: arn, ENCRYPTION_KEYS: '' }).encryption.keys.reveal()).to.deep.equal([])
  })

  it('reads webhook secrets into bytes', () => {
    const { secrets } = loadApi({
      WEBHOOK_SECRETS: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk',
    }).webhook
    expect(secrets?.reveal().map((secret) => secret.length)).to.deep.equal([24, 26])
  })

  it('knows the hosts of US, EU and JP, and puts `default` first', () => {
    const { regions } = loadWorker({
      DEXCOM_JP_CLIENT_ID: 'jp',
      DEXCOM_JP_CLIENT_SECRET: 's',
      DEXCOM_EU_CLIENT_ID: 'eu',
      DEXCOM_EU_CLIENT_SECRET: 's',
      DEXCOM_LAB_CLIENT_ID: 'lab',
      DEXCOM_LAB_CLIENT_SECRET: 's',
      DEXCOM_LAB_API_BASE_URL: 'http://127.0.0.1:9/',
    }).dexcom
    expect(regions.map(({ name, baseUrl }) => [name, baseUrl])).to.deep.equal([
      ['default', 'https://sandbox-api.dexcom.com'],
      ['EU', 'https://api.dexcom.eu'],
      ['JP', 'https://api.dexcom.jp'],
      ['LAB', 'http://127.0.0.1:9'],
    ])
  })

  it('does not give the API a client secret, even where there is one', () => {
    const config = loadApi({ DEXCOM_CLIENT_SECRET: 'x', DEXCOM_EU_CLIENT_ID: 'eu', DEXCOM_EU_CLIENT_SECRET: 'y' })
    expect(config.dexcom.regions).to.deep.equal([
      { name: 'default', clientId: 'our-client', baseUrl: 'https://sandbox-api.dexcom.com' },
      { name: 'EU', clientId: 'eu', baseUrl: 'https://api.dexcom.eu' },
    ])
  })

  it('takes a public key whose line ends are written out, and a key set', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const config = loadApi({ JWT_SECRET: '', JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') })
    expect(config.jwt.key).to.deep.equal({ kind: 'publicKey', pem })
    const jwks = loadApi({ JWT_SECRET: '', JWT_JWKS_URL: 'https://id.example.com/keys' })
    expect(jwks.jwt.key).to.deep.equal({ kind: 'jwks', url: 'https://id.example.com/keys' })
  })

  for (const [given, expected] of [
    ['false', false],
    ['2', 2],
    ['loopback, 10.0.0.0/8,::1', ['loopback', '10.0.0.0/8', '::1']],
  ] as const) {
    it(`takes TRUST_PROXY=${given}`, () => {
      expect(loadApi({ TRUST_PROXY: given }).http.trustProxy).to.deep.equal(expected)
    })
  }

  it('takes origins with and without a closing slash', () => {
    const { returnTo } = loadApi({ RETURN_TO_ORIGINS: 'https://app.example.com/,http://localhost:3000' })
    expect(returnTo.origins).to.deep.equal(['https://app.example.com', 'http://localhost:3000'])
  })

  it('starts in production with what production should look like', () => {
    const config = loadWorker({
      NODE_ENV: 'production',
      RABBITMQ_URL: 'amqp://bg:secret@mq.internal/bg',
      DEXCOM_REDIRECT_URI: 'https://bg.example.com/oauth/callback',
      DEXCOM_API_BASE_URL: 'https://api.dexcom.com',
    })
    expect(config.rabbitmq.url?.reveal()).to.equal('amqp://bg:secret@mq.internal/bg')
  })

  it('gives the small commands only what they need', () => {
    expect(loadProvisionConfig({}).dynamo.readingsTable).to.equal('bg_readings')
    const { token } = loadToken({ JWT_SECRET: 'x'.repeat(32), JWT_ISSUER: 'us' })
    expect(token).to.include({ issuer: 'us', audience: 'bg-ingest', webhookAudience: 'bg-ingest-webhook' })
  })

  it('prints no secret, however it is printed', () => {
    const url = `redis://:${CANARY}@localhost`
    for (const config of [
      loadApi({ REDIS_URL: url, OPERATOR_PASSWORD: CANARY }),
      loadWorker({ REDIS_URL: url, RABBITMQ_URL: `amqp://u:${CANARY}@mq` }),
    ]) {
      const printed = `${inspect(config, { depth: 9, showHidden: true })}${JSON.stringify(config)}${config.redis.url}`
      expect(printed).to.contain('[redacted]').and.not.contain(CANARY)
      for (const entry of ENCRYPTION_KEYS.split(',')) expect(printed).not.to.contain(entry.slice(3))
      expect(printed).not.to.contain('2, 2, 2')
    }
  })
})
