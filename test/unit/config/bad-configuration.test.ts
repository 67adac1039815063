import { generateKeyPairSync } from 'node:crypto'
import { ConfigError, type Environment } from '@bg-ingest/config'
import { expect } from 'chai'
import { CANARY, loadApi, loadToken, loadWorker } from './environments.ts'

const spki = { type: 'spki', format: 'pem' } as const
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export(spki).toString()
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export(spki).toString()
const privateKey = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64')
const PRODUCTION = { NODE_ENV: 'production', DEXCOM_REDIRECT_URI: 'https://bg.example.com/oauth/callback' }

type Load = typeof loadApi | typeof loadWorker

/** What is set, and the names that the error must have, all of them and no other. */
const CASES: readonly (readonly [string, Load, Environment, readonly string[]])[] = [
  ['no key for callers', loadApi, { JWT_SECRET: '' }, ['JWT_SECRET']],
  ['a secret of 31 bytes', loadApi, { JWT_SECRET: `${CANARY}${'x'.repeat(25)}` }, ['JWT_SECRET']],
  ['two keys', loadApi, { JWT_JWKS_URL: `https://id/${CANARY}` }, ['JWT_SECRET', 'JWT_JWKS_URL']],
  [
    'two keys, both unreadable',
    loadApi,
    { JWT_SECRET: CANARY, JWT_PUBLIC_KEY: CANARY },
    ['JWT_SECRET', 'JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_PUBLIC_KEY'],
  ],
  ['no PEM', loadApi, { JWT_SECRET: '', JWT_PUBLIC_KEY: CANARY }, ['JWT_PUBLIC_KEY']],
  ['a private key', loadApi, { JWT_SECRET: '', JWT_PUBLIC_KEY: privateKey }, ['JWT_PUBLIC_KEY']],
  ['RSA of 1024 bits', loadApi, { JWT_SECRET: '', JWT_PUBLIC_KEY: weakRsa }, ['JWT_PUBLIC_KEY']],
  ['a curve without algorithm', loadApi, { JWT_SECRET: '', JWT_PUBLIC_KEY: p384 }, ['JWT_PUBLIC_KEY']],
  ['a key set over ftp', loadApi, { JWT_SECRET: '', JWT_JWKS_URL: `ftp://${CANARY}` }, ['JWT_JWKS_URL']],
  ['a life of tokens below a minute', loadApi, { JWT_MAX_LIFETIME_SECONDS: '59' }, ['JWT_MAX_LIFETIME_SECONDS']],
  ['no encryption key', loadApi, { ENCRYPTION_KEYS: '' }, ['ENCRYPTION_KEYS']],
  ['an encryption key of 16 bytes', loadWorker, { ENCRYPTION_KEYS: `k1:${base64(16)}` }, ['ENCRYPTION_KEYS']],
  ['an encryption key without id', loadWorker, { ENCRYPTION_KEYS: base64(32) }, ['ENCRYPTION_KEYS']],
  [
    'an encryption key that is no base64',
    loadWorker,
    { ENCRYPTION_KEYS: `k1:${base64(32).replace('B', '!B')}` },
    ['ENCRYPTION_KEYS'],
  ],
  ['one id twice', loadWorker, { ENCRYPTION_KEYS: `k1:${base64(32)},k1:${base64(32)}` }, ['ENCRYPTION_KEYS']],
  ['a KMS key that is none', loadWorker, { KMS_KEY_ARN: `arn:aws:kms:${CANARY}` }, ['KMS_KEY_ARN']],
  [
    'an alias of a KMS key',
    loadApi,
    { KMS_KEY_ARN: `arn:aws:kms:eu-west-1:111122223333:alias/${CANARY}` },
    ['KMS_KEY_ARN'],
  ],
  ['a prefix that is a pattern', loadApi, { REDIS_PREFIX: `${CANARY}*` }, ['REDIS_PREFIX']],
  ['a prefix with a separator', loadWorker, { REDIS_PREFIX: `${CANARY}:x` }, ['REDIS_PREFIX']],
  ['no client id', loadApi, { DEXCOM_CLIENT_ID: '' }, ['DEXCOM_CLIENT_ID']],
  ['no client secret', loadWorker, { DEXCOM_CLIENT_SECRET: '' }, ['DEXCOM_CLIENT_SECRET']],
  ['half a region', loadWorker, { DEXCOM_EU_CLIENT_ID: CANARY }, ['DEXCOM_EU_CLIENT_SECRET']],
  [
    'an unknown region without host',
    loadWorker,
    { DEXCOM_MARS_CLIENT_ID: CANARY, DEXCOM_MARS_CLIENT_SECRET: CANARY },
    ['DEXCOM_MARS_API_BASE_URL'],
  ],
  [
    'a host with a path',
    loadWorker,
    { DEXCOM_API_BASE_URL: `https://api.dexcom.com/${CANARY}` },
    ['DEXCOM_API_BASE_URL'],
  ],
  ['a host with a password', loadWorker, { DEXCOM_API_BASE_URL: `https://u:${CANARY}@h` }, ['DEXCOM_API_BASE_URL']],
  ['a redirect with a fragment', loadApi, { DEXCOM_REDIRECT_URI: `http://h/#${CANARY}` }, ['DEXCOM_REDIRECT_URI']],
  ['a relative redirect', loadApi, { DEXCOM_REDIRECT_URI: `/${CANARY}` }, ['DEXCOM_REDIRECT_URI']],
  ['a webhook secret without prefix', loadApi, { WEBHOOK_SECRETS: base64(32) }, ['WEBHOOK_SECRETS']],
  ['a short webhook secret', loadApi, { WEBHOOK_SECRETS: `whsec_${base64(23)}` }, ['WEBHOOK_SECRETS']],
  ['a webhook that asks nothing', loadApi, { WEBHOOK_AUTH: `none${CANARY}` }, ['WEBHOOK_AUTH']],
  ['an interval of 0', loadWorker, { POLL_INTERVAL_SECONDS: '0' }, ['POLL_INTERVAL_SECONDS']],
  ['an interval in words', loadWorker, { POLL_INTERVAL_SECONDS: `15m${CANARY}` }, ['POLL_INTERVAL_SECONDS']],
  ['an interval as 1e3', loadApi, { POLL_INTERVAL_SECONDS: '1e3' }, ['POLL_INTERVAL_SECONDS']],
  ['a lookback of 0', loadWorker, { SYNC_LOOKBACK_HOURS: '0' }, ['SYNC_LOOKBACK_HOURS']],
  ['a negative lookback', loadWorker, { SYNC_LOOKBACK_HOURS: '-1' }, ['SYNC_LOOKBACK_HOURS']],
  ['a retention of half a day', loadWorker, { RETENTION_DAYS: '0.5' }, ['RETENTION_DAYS']],
  ['no concurrency', loadWorker, { WORKER_CONCURRENCY: '0' }, ['WORKER_CONCURRENCY']],
  ['a port beyond the last', loadApi, { PORT: '65536' }, ['PORT']],
  [
    'a limit without window',
    loadApi,
    { RATE_LIMIT_PER_USER: '300', RATE_LIMIT_PER_IP: '0/m' },
    ['RATE_LIMIT_PER_USER', 'RATE_LIMIT_PER_IP'],
  ],
  ['trust in every proxy', loadApi, { TRUST_PROXY: 'true' }, ['TRUST_PROXY']],
  ['trust in no address', loadApi, { TRUST_PROXY: `10.0.0.0/33,${CANARY}` }, ['TRUST_PROXY']],
  [
    'an origin with a path',
    loadApi,
    { RETURN_TO_ORIGINS: `https://a.example,https://b.example/${CANARY}` },
    ['RETURN_TO_ORIGINS'],
  ],
  ['a script for an origin', loadApi, { RETURN_TO_ORIGINS: `javascript:${CANARY}` }, ['RETURN_TO_ORIGINS']],
  ['actions of maybe', loadApi, { OPERATOR_ACTIONS: `yes${CANARY}` }, ['OPERATOR_ACTIONS']],
  ['an unknown log level', loadWorker, { LOG_LEVEL: CANARY }, ['LOG_LEVEL']],
  ['Redis over http', loadWorker, { REDIS_URL: `http://${CANARY}` }, ['REDIS_URL']],
  ['RabbitMQ over http', loadWorker, { RABBITMQ_URL: `http://${CANARY}` }, ['RABBITMQ_URL']],
  [
    'one table for both',
    loadApi,
    { DYNAMODB_TABLE: 't_1', DYNAMODB_ACCOUNTS_TABLE: 't_1' },
    ['DYNAMODB_ACCOUNTS_TABLE'],
  ],
  ['guest in production', loadWorker, { ...PRODUCTION, RABBITMQ_URL: 'amqps://guest:guest@mq' }, ['RABBITMQ_URL']],
  ['nobody, hence guest, in production', loadWorker, { ...PRODUCTION, RABBITMQ_URL: 'amqp://mq' }, ['RABBITMQ_URL']],
  [
    'plain http in production',
    loadWorker,
    { ...PRODUCTION, DEXCOM_API_BASE_URL: `http://${CANARY}` },
    ['DEXCOM_API_BASE_URL'],
  ],
  [
    "a region's plain http in production",
    loadApi,
    { ...PRODUCTION, DEXCOM_EU_CLIENT_ID: 'e', DEXCOM_EU_API_BASE_URL: 'HTTP://eu.example' },
    ['DEXCOM_EU_API_BASE_URL'],
  ],
  ['the default redirect in production', loadApi, { NODE_ENV: 'production' }, ['DEXCOM_REDIRECT_URI']],
  [
    'keys over plain http in production',
    loadApi,
    { ...PRODUCTION, JWT_SECRET: '', JWT_JWKS_URL: 'http://id' },
    ['JWT_JWKS_URL'],
  ],
]

function errorOf(load: () => unknown): ConfigError {
  try {
    load()
  } catch (err) {
    if (err instanceof ConfigError) return err
    throw err
  }
  throw new Error('the configuration was taken')
}

describe('bad configuration', () => {
  for (const [title, load, overrides, names] of CASES) {
    it(`refuses ${title}`, () => {
      const { message, problems } = errorOf(() => load(overrides))
      expect(problems.map(({ name }) => name)).to.deep.equal(names)
      for (const name of names) expect(message).to.contain(`\n  ${name}: `)
      expect(message).not.to.contain(CANARY)
      const texts = Object.values(overrides).filter((value) => value !== undefined && value.length > 6)
      for (const value of texts) expect(message.replaceAll('NODE_ENV=production', '')).not.to.contain(value)
    })
  }

  it('names every bad variable in one message, in the order of the documentation', () => {
    const { problems } = errorOf(() =>
      loadWorker(
        { ENCRYPTION_KEYS: '', WORKER_CONCURRENCY: 'x', WORKER_PORT: 'x', REDIS_URL: 'x', DEXCOM_CLIENT_ID: '' },
        '22.20.0',
      ),
    )
    expect(problems.map(({ name }) => name)).to.deep.equal([
      'NODE',
      'WORKER_PORT',
      'REDIS_URL',
      'ENCRYPTION_KEYS',
      'DEXCOM_CLIENT_ID',
      'WORKER_CONCURRENCY',
    ])
  })

  it('refuses a Node that is too old', () => {
    expect(errorOf(() => loadApi({}, '22.23.3')).problems).to.deep.equal([
      { name: 'NODE', detail: 'must be 24 or newer' },
    ])
    expect(() => loadApi({}, '26.10.0')).not.to.throw()
  })

  it('refuses to sign development tokens without the secret', () => {
    expect(errorOf(() => loadToken({})).problems).to.deep.equal([{ name: 'JWT_SECRET', detail: 'is required' }])
  })
})
