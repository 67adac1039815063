import * as z from 'zod'
import { concern, type Rule } from './concern.ts'
import { parsed, parseUrl, text, WEB } from './fields.ts'
import { Secret } from './secret.ts'

/** A URL that may carry a password. */
const secretUrl = (...protocols: readonly string[]) =>
  parsed(
    (value) => (parseUrl(value, protocols) ? new Secret(value) : null),
    `must be a URL of ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  )

// Nothing that a pattern of SCAN reads as anything but itself; braces, so that a cluster can keep all keys in one slot.
const keyPrefix = parsed(
  (value) => (/^[A-Za-z0-9._{}-]{1,32}$/.test(value) ? value : null),
  'must be 1 to 32 of A-Z a-z 0-9 . _ { } -',
)

export const redis = concern(
  z
    .object({ REDIS_URL: secretUrl('redis:', 'rediss:'), REDIS_PREFIX: keyPrefix })
    .transform((env) => ({ url: env.REDIS_URL, prefix: env.REDIS_PREFIX })),
)

// A URL without a user means guest as well: that is what amqplib falls back to.
const noGuestInProduction: Rule = (env) => {
  const url = parseUrl(env.RABBITMQ_URL ?? '', ['amqp:', 'amqps:'])
  const guest = url !== null && ['', 'guest'].includes(url.username)
  return guest && env.NODE_ENV === 'production'
    ? [{ name: 'RABBITMQ_URL', detail: 'must not use the guest user with NODE_ENV=production' }]
    : []
}

/** `url` is null where no broker is configured: changes then wait in the store. */
export const rabbitmq = concern(
  z
    .object({ RABBITMQ_URL: secretUrl('amqp:', 'amqps:').optional() })
    .transform((env) => ({ url: env.RABBITMQ_URL ?? null })),
  noGuestInProduction,
)

// DynamoDB's own rule for names of tables.
const tableName = parsed(
  (value) => (/^[A-Za-z0-9_.-]{3,255}$/.test(value) ? value : null),
  'must be 3 to 255 of A-Z a-z 0-9 _ . -',
)

const separateTables: Rule = (env) =>
  env.DYNAMODB_TABLE === env.DYNAMODB_ACCOUNTS_TABLE
    ? [{ name: 'DYNAMODB_ACCOUNTS_TABLE', detail: 'must differ from DYNAMODB_TABLE' }]
    : []

/** Whatever may hold credentials of AWS; the SDK finds them by itself. */
const CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
] as const

/**
 * `endpoint` is undefined for AWS itself. A DynamoDB on plain http is a local one and takes any credentials:
 * `anyCredentials` is true where there are none, so that nobody has to make some up.
 */
export const dynamo = concern(
  z
    .object({
      AWS_ACCESS_KEY_ID: text.optional(),
      AWS_PROFILE: text.optional(),
      AWS_WEB_IDENTITY_TOKEN_FILE: text.optional(),
      AWS_CONTAINER_CREDENTIALS_FULL_URI: text.optional(),
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: text.optional(),
      DYNAMODB_ENDPOINT: parsed(
        (value) => (parseUrl(value, WEB) ? value : null),
        'must be an http or https URL',
      ).optional(),
      AWS_REGION: text.regex(/^[a-z0-9-]+$/, 'must be the name of an AWS region'),
      DYNAMODB_TABLE: tableName,
      DYNAMODB_ACCOUNTS_TABLE: tableName,
    })
    .transform((env) => ({
      server: {
        endpoint: env.DYNAMODB_ENDPOINT,
        region: env.AWS_REGION,
        anyCredentials:
          env.DYNAMODB_ENDPOINT?.startsWith('http:') === true && CREDENTIALS.every((name) => env[name] === undefined),
      },
      readingsTable: env.DYNAMODB_TABLE,
      accountsTable: env.DYNAMODB_ACCOUNTS_TABLE,
    })),
  separateTables,
)
