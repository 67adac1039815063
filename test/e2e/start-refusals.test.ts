import { randomBytes } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'
import { developmentSecrets } from '@bg-ingest/demo'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { type AppName, spawnApp } from '../support/e2e-process.ts'
import { fromRunner } from '../support/e2e-system.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'

type Variables = Readonly<Record<string, string>>

/** Stands in whatever must not be printed. */
const VALUE = 'c4n4ry'
/** On a machine with a processor for whoever wants one; on a busy one as many times as long as there are who want it. */
const REFUSES_WITHIN_MS = 3_000
/** Of processor time, whatever the machine does besides; beyond it the process is killed. */
const REFUSES_WITHIN_CPU_S = 3
/** More at a time than cores would measure the machine. */
const AT_A_TIME = 2
const key = (bytes: number) => randomBytes(bytes).toString('base64')
const PRODUCTION = { NODE_ENV: 'production', DEXCOM_REDIRECT_URI: 'https://bg.example.com/oauth/callback' }

/** Which processes read it, what is set, and the variable that has to be named. */
const CASES: readonly (readonly [readonly AppName[], Variables, string])[] = [
  [['api', 'worker'], { ENCRYPTION_KEYS: '' }, 'ENCRYPTION_KEYS'],
  [['api', 'worker'], { ENCRYPTION_KEYS: `k1:${key(16)}` }, 'ENCRYPTION_KEYS'],
  [['api', 'worker'], { REDIS_URL: `http://user:${VALUE}@nowhere` }, 'REDIS_URL'],
  [['api', 'worker'], { DYNAMODB_TABLE: 'same', DYNAMODB_ACCOUNTS_TABLE: 'same' }, 'DYNAMODB_ACCOUNTS_TABLE'],
  [['api', 'worker'], { POLL_INTERVAL_SECONDS: `15${VALUE}` }, 'POLL_INTERVAL_SECONDS'],
  [['api', 'worker'], { LOG_LEVEL: VALUE }, 'LOG_LEVEL'],
  [['api', 'worker'], { AUDIT_LOG_FILE: `/nowhere/${VALUE}/audit.log` }, 'AUDIT_LOG_FILE'],
  [['api', 'worker'], { ...PRODUCTION, DEXCOM_API_BASE_URL: `http://${VALUE}` }, 'DEXCOM_API_BASE_URL'],
  [['api'], { JWT_SECRET: VALUE }, 'JWT_SECRET'],
  [['api'], { JWT_JWKS_URL: `https://id.example/${VALUE}` }, 'JWT_JWKS_URL'],
  [['api'], { WEBHOOK_SECRETS: `whsec_${key(8)}` }, 'WEBHOOK_SECRETS'],
  [['api'], { WEBHOOK_AUTH: `none-${VALUE}` }, 'WEBHOOK_AUTH'],
  [['api'], { TRUST_PROXY: 'true' }, 'TRUST_PROXY'],
  [['api'], { RATE_LIMIT_PER_USER: `300-${VALUE}` }, 'RATE_LIMIT_PER_USER'],
  [['worker'], { DEXCOM_CLIENT_SECRET: '' }, 'DEXCOM_CLIENT_SECRET'],
  [['worker'], { DEXCOM_EU_CLIENT_ID: VALUE }, 'DEXCOM_EU_CLIENT_SECRET'],
  [['worker'], { ...PRODUCTION, RABBITMQ_URL: `amqps://guest:guest@${VALUE}` }, 'RABBITMQ_URL'],
  [['worker'], { WORKER_CONCURRENCY: '0' }, 'WORKER_CONCURRENCY'],
  [['worker'], { SYNC_LOOKBACK_HOURS: `-1${VALUE}` }, 'SYNC_LOOKBACK_HOURS'],
  [['worker'], { WORKER_PORT: '70000' }, 'WORKER_PORT'],
]

const withinMs = () => Math.round(REFUSES_WITHIN_MS * Math.max(1, (2 * (loadavg()[0] ?? 0)) / availableParallelism()))

describe('Bad configuration', function () {
  this.timeout(300_000)
  let redis: LocalRedis
  let base: Variables
  before(async () => {
    redis = await startRedis()
    const known = ['DYNAMODB_ENDPOINT', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'RABBITMQ_URL']
    base = {
      ...Object.fromEntries(known.map((name) => [name, fromRunner(name)])),
      ...developmentSecrets({}),
      REDIS_URL: redis.url,
      DEXCOM_CLIENT_ID: 'our-client',
      DEXCOM_CLIENT_SECRET: 'our-client-secret',
      PORT: '0',
      WORKER_PORT: '0',
    }
  })
  after(() => redis.stop())

  /** What is wrong with how this process refused; null where nothing is. */
  async function flawOf(app: AppName, wrong: Variables, name: string): Promise<string | null> {
    const variables = { ...base, ...wrong }
    const title = `${app} ${name}`
    const limitMs = withinMs()
    const refused = spawnApp(app, variables, `ulimit -t ${REFUSES_WITHIN_CPU_S}`)
    const { code, signal } = await refused.exited(limitMs).catch(() => {
      refused.kill('SIGKILL')
      return { code: 0, signal: null }
    })
    const output = refused.output()
    if (code === 0 || signal !== null) return `${title}: did not end by itself with a code within ${limitMs} ms`
    if (!output.includes(name)) return `${title}: is not named`
    if (/listening|worker ready/.test(output)) return `${title}: was started`
    const secrets = ['JWT_SECRET', 'ENCRYPTION_KEYS', 'DEXCOM_CLIENT_SECRET', 'WEBHOOK_SECRETS', 'OPERATOR_PASSWORD']
    const values = [VALUE, ...secrets.flatMap((secret) => variables[secret] || [])]
    return values.some((value) => output.includes(value)) ? `${title}: its value, or a secret, is printed` : null
  }

  it(`stops the start within 3 s, names the variable and no value: ${CASES.length} of them`, async () => {
    const runs = CASES.flatMap(([apps, wrong, name]) => apps.map((app) => [app, wrong, name] as const))
    const flaws: string[] = []
    const next = async (): Promise<void> => {
      for (let run = runs.shift(); run; run = runs.shift()) {
        const flaw = await flawOf(...run)
        if (flaw !== null) flaws.push(flaw)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, next))
    expect(flaws).to.deep.equal([])
  })

  it('counts a Redis that would lose jobs as such, in both processes', async () => {
    const client = new Redis(redis.url)
    try {
      await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
      const flaws = await Promise.all((['api', 'worker'] as const).map((app) => flawOf(app, {}, 'REDIS_URL')))
      expect(flaws).to.deep.equal([null, null])
    } finally {
      client.disconnect()
    }
  })
})
