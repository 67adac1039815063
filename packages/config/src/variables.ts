export type Reader = 'API' | 'worker' | 'provision' | 'token'

export interface Variable {
  readonly name: string
  /** Null where an unset variable stays unset. */
  readonly fallback: string | null
  /** What an unset variable means, where there is no fallback. */
  readonly unset?: string
  readonly meaning: string
  readonly readBy: readonly Reader[]
}

const BOTH = ['API', 'worker'] as const
const STORES = ['API', 'worker', 'provision'] as const

/** Every variable there is, in the order of the documentation; defaults are taken from here and from nowhere else. */
export const variables: readonly Variable[] = [
  {
    name: 'NODE_ENV',
    fallback: null,
    unset: 'development',
    meaning: '`production` refuses plain http towards Dexcom and for signing keys, and the guest user of RabbitMQ',
    readBy: BOTH,
  },
  { name: 'LOG_LEVEL', fallback: 'info', meaning: 'error, warn, info or debug', readBy: BOTH },
  { name: 'PORT', fallback: '5001', meaning: 'Port of the API; 0 takes any free one and logs it', readBy: ['API'] },
  {
    name: 'WORKER_PORT',
    fallback: '5002',
    meaning: "Port of the worker's health and metrics; 0 takes any free one and logs it",
    readBy: ['worker'],
  },
  {
    name: 'SHUTDOWN_GRACE_SECONDS',
    fallback: '25',
    meaning: 'How long a process may finish its work after SIGTERM, 1 to 600',
    readBy: BOTH,
  },
  {
    name: 'REDIS_URL',
    fallback: 'redis://localhost:6379',
    meaning: 'Queues, limits and caches; `rediss://` for TLS',
    readBy: BOTH,
  },
  {
    name: 'REDIS_PREFIX',
    fallback: 'bg',
    meaning:
      'Begins the name of every key and channel in Redis. Another one for each environment that shares a database with others: 1 to 32 of `A-Z a-z 0-9 . _ { } -`',
    readBy: BOTH,
  },
  {
    name: 'DYNAMODB_ENDPOINT',
    fallback: null,
    unset: 'AWS itself',
    meaning: 'Another DynamoDB, such as a local one',
    readBy: STORES,
  },
  { name: 'AWS_REGION', fallback: 'us-east-1', meaning: 'AWS region of the tables', readBy: STORES },
  { name: 'DYNAMODB_TABLE', fallback: 'bg_readings', meaning: 'Table of readings', readBy: STORES },
  {
    name: 'DYNAMODB_ACCOUNTS_TABLE',
    fallback: 'bg_accounts',
    meaning: 'Table of connections, encrypted tokens, sync state and audit trail',
    readBy: STORES,
  },
  {
    name: 'RABBITMQ_URL',
    fallback: null,
    unset: 'changes are kept and published once a broker is configured',
    meaning: 'Where changes are published; `amqps://` for TLS',
    readBy: ['worker'],
  },
  {
    name: 'ENCRYPTION_KEYS',
    fallback: null,
    unset: 'refuses to start',
    meaning:
      'Comma-separated `id:base64(32 bytes)`; the first encrypts, all decrypt. To rotate: put the new key first, keep the old one. Make one with `echo "k1:$(openssl rand -base64 32)"`',
    readBy: BOTH,
  },
  {
    name: 'KMS_KEY_ARN',
    fallback: null,
    unset: 'ENCRYPTION_KEYS are used',
    meaning:
      'ARN of a KMS key that encrypts tokens from now on. It may stand in the place of ENCRYPTION_KEYS, which besides it decrypt what they encrypted. Run `pnpm provision` with it set: that makes the key from which cursors and hashes derive',
    readBy: BOTH,
  },
  {
    name: 'JWT_SECRET',
    fallback: null,
    unset: 'refuses to start, unless one of the next two is set',
    meaning: 'Callers carry HS256 tokens signed with this, at least 32 bytes. Make one with `openssl rand -base64 48`',
    readBy: ['API', 'token'],
  },
  {
    name: 'JWT_PUBLIC_KEY',
    fallback: null,
    unset: 'see JWT_SECRET',
    meaning:
      'Or: tokens signed by the owner of this PEM public key. RSA is read as RS256, EC P-256 as ES256, Ed25519 as EdDSA. Line ends may be written `\\n`',
    readBy: ['API'],
  },
  {
    name: 'JWT_JWKS_URL',
    fallback: null,
    unset: 'see JWT_SECRET',
    meaning:
      'Or: tokens of an identity provider, whose keys are fetched here (RS256, ES256, EdDSA). Exactly one of the three',
    readBy: ['API'],
  },
  {
    name: 'JWT_ISSUER',
    fallback: null,
    unset: 'any issuer',
    meaning: 'Demanded `iss` of tokens',
    readBy: ['API', 'token'],
  },
  {
    name: 'JWT_MAX_LIFETIME_SECONDS',
    fallback: null,
    unset: 'the issuer decides',
    meaning:
      'Tokens whose `exp` lies further than this behind their `iat` are refused, and so are tokens without `iat`; from 60 to 2592000',
    readBy: ['API', 'token'],
  },
  { name: 'JWT_AUDIENCE', fallback: 'bg-ingest', meaning: 'Demanded `aud` of tokens', readBy: ['API', 'token'] },
  {
    name: 'WEBHOOK_SECRETS',
    fallback: null,
    unset: 'the webhook answers 503',
    meaning: 'Comma-separated `whsec_<base64>` (Standard Webhooks), at least 24 bytes each; any of them verifies',
    readBy: ['API'],
  },
  {
    name: 'WEBHOOK_AUTH',
    fallback: 'signature+jwt',
    meaning: 'What a webhook must show: signature+jwt, signature or jwt',
    readBy: ['API'],
  },
  {
    name: 'WEBHOOK_JWT_AUDIENCE',
    fallback: 'bg-ingest-webhook',
    meaning: "Demanded `aud` of the webhook sender's token",
    readBy: ['API', 'token'],
  },
  {
    name: 'DEXCOM_CLIENT_ID',
    fallback: null,
    unset: 'refuses to start',
    meaning: 'Client id of the application registered with Dexcom',
    readBy: BOTH,
  },
  {
    name: 'DEXCOM_CLIENT_SECRET',
    fallback: null,
    unset: 'refuses to start',
    meaning: 'Its secret; only workers talk to Dexcom',
    readBy: ['worker'],
  },
  {
    name: 'DEXCOM_REDIRECT_URI',
    fallback: 'http://localhost:5001/oauth/callback',
    meaning: 'Where Dexcom sends people back to, exactly as registered there',
    readBy: BOTH,
  },
  {
    name: 'DEXCOM_PKCE',
    fallback: 'false',
    meaning: 'Sends a code challenge (RFC 7636, S256) when people connect; Dexcom documents none, so try it first',
    readBy: BOTH,
  },
  {
    name: 'DEXCOM_API_BASE_URL',
    fallback: 'https://sandbox-api.dexcom.com',
    meaning: 'Host of the region `default`',
    readBy: BOTH,
  },
  {
    name: 'DEXCOM_<REGION>_CLIENT_ID',
    fallback: null,
    unset: 'no such region',
    meaning: 'Client id of a further region, such as DEXCOM_EU_CLIENT_ID',
    readBy: BOTH,
  },
  {
    name: 'DEXCOM_<REGION>_CLIENT_SECRET',
    fallback: null,
    unset: 'no such region',
    meaning: 'Its secret',
    readBy: ['worker'],
  },
  {
    name: 'DEXCOM_<REGION>_API_BASE_URL',
    fallback: null,
    unset: "Dexcom's host for US, EU and JP",
    meaning: 'Its host; needed for any other name of a region',
    readBy: BOTH,
  },
  {
    name: 'DEXCOM_RATE_LIMIT_PER_HOUR',
    fallback: '60000',
    meaning: 'Calls per application and hour, over all workers together',
    readBy: ['worker'],
  },
  {
    name: 'POLL_INTERVAL_SECONDS',
    fallback: '900',
    meaning: 'How often a person is polled, from 1; the API judges by it whether a reading is stale',
    readBy: BOTH,
  },
  {
    name: 'SYNC_LOOKBACK_HOURS',
    fallback: '26',
    meaning: 'How far every poll reaches back behind the newest reading; fractions allowed',
    readBy: ['worker'],
  },
  {
    name: 'RECONCILE_INTERVAL_HOURS',
    fallback: '24',
    meaning: 'How often the last 7 days of a person are walked again; fractions allowed',
    readBy: ['worker'],
  },
  {
    name: 'RETENTION_DAYS',
    fallback: '730',
    meaning: 'How long readings are kept, and shown; 0 keeps them for ever',
    readBy: BOTH,
  },
  {
    name: 'AUDIT_LOG_FILE',
    fallback: null,
    unset: 'stdout',
    meaning: 'File that audit records are appended to, an absolute path',
    readBy: BOTH,
  },
  {
    name: 'AUDIT_RETENTION_DAYS',
    fallback: '2190',
    meaning: 'How long the accounts table keeps audit records, six years unless told otherwise; 0 keeps them for ever',
    readBy: ['worker'],
  },
  { name: 'WORKER_CONCURRENCY', fallback: '50', meaning: 'Syncs at a time in one worker', readBy: ['worker'] },
  {
    name: 'RATE_LIMIT_PER_USER',
    fallback: '300/m',
    meaning: 'Calls of one caller, per second, minute or hour: 5/s, 300/m, 10000/h',
    readBy: ['API'],
  },
  { name: 'RATE_LIMIT_PER_IP', fallback: '1000/m', meaning: 'Calls from one address', readBy: ['API'] },
  {
    name: 'TRUST_PROXY',
    fallback: 'false',
    meaning:
      'Proxies in front of the API, as Express takes it: a number of hops, or addresses and ranges. `true` is refused: callers could then forge their address',
    readBy: ['API'],
  },
  {
    name: 'RETURN_TO_ORIGINS',
    fallback: null,
    unset: 'none',
    meaning: 'Comma-separated origins that `returnTo` may lead to after connecting',
    readBy: ['API'],
  },
  {
    name: 'OPERATOR_PASSWORD',
    fallback: null,
    unset: 'the board is not mounted',
    meaning: 'HTTP Basic password of user `operator` for /admin/queues',
    readBy: ['API'],
  },
  {
    name: 'OPERATOR_ACTIONS',
    fallback: 'false',
    meaning: '`true` lets operators retry and remove jobs',
    readBy: ['API'],
  },
]
