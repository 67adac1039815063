import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { renderConfigurationDoc, renderEnvExample, variables } from '@bg-ingest/config'
import { expect } from 'chai'

const root = resolve(import.meta.dirname, '../../..')

// contract.md 2: names and defaults that deployments rely on.
const CONTRACT: Readonly<Record<string, string | null>> = {
  REDIS_URL: 'redis://localhost:6379',
  PORT: '5001',
  WORKER_PORT: '5002',
  DYNAMODB_ENDPOINT: null,
  AWS_REGION: 'us-east-1',
  DYNAMODB_TABLE: 'bg_readings',
  DYNAMODB_ACCOUNTS_TABLE: 'bg_accounts',
  RABBITMQ_URL: null,
  DEXCOM_CLIENT_ID: null,
  DEXCOM_CLIENT_SECRET: null,
  DEXCOM_REDIRECT_URI: 'http://localhost:5001/oauth/callback',
  DEXCOM_API_BASE_URL: 'https://sandbox-api.dexcom.com',
  'DEXCOM_<REGION>_CLIENT_ID': null,
  'DEXCOM_<REGION>_CLIENT_SECRET': null,
  'DEXCOM_<REGION>_API_BASE_URL': null,
  DEXCOM_RATE_LIMIT_PER_HOUR: '60000',
  POLL_INTERVAL_SECONDS: '900',
  JWT_SECRET: null,
  JWT_PUBLIC_KEY: null,
  JWT_JWKS_URL: null,
  JWT_ISSUER: null,
  JWT_AUDIENCE: 'bg-ingest',
  WEBHOOK_SECRETS: null,
  WEBHOOK_AUTH: 'signature+jwt',
  WEBHOOK_JWT_AUDIENCE: 'bg-ingest-webhook',
  ENCRYPTION_KEYS: null,
  KMS_KEY_ARN: null,
  OPERATOR_PASSWORD: null,
  OPERATOR_ACTIONS: 'false',
  RETURN_TO_ORIGINS: null,
  SYNC_LOOKBACK_HOURS: '26',
  RECONCILE_INTERVAL_HOURS: '24',
  RETENTION_DAYS: '730',
  WORKER_CONCURRENCY: '50',
  SHUTDOWN_GRACE_SECONDS: '25',
  RATE_LIMIT_PER_USER: '300/m',
  RATE_LIMIT_PER_IP: '1000/m',
  TRUST_PROXY: 'false',
  LOG_LEVEL: 'info',
  NODE_ENV: null,
}

/** What has come since; a deployment that knows none of it runs as before. */
const ADDED: Readonly<Record<string, string | null>> = {
  AUDIT_LOG_FILE: null,
  AUDIT_RETENTION_DAYS: '2190',
  DEXCOM_PKCE: 'false',
  JWT_MAX_LIFETIME_SECONDS: null,
  REDIS_PREFIX: 'bg',
}

describe('documentation of the configuration', () => {
  it('has every variable of the contract with its default, and besides only what was added on purpose', () => {
    expect(Object.fromEntries(variables.map(({ name, fallback }) => [name, fallback]))).to.deep.equal({
      ...CONTRACT,
      ...ADDED,
    })
  })

  it('is what lies in the repository: else run pnpm --filter @bg-ingest/config generate', () => {
    expect(readFileSync(resolve(root, '.env.example'), 'utf8')).to.equal(renderEnvExample())
    expect(readFileSync(resolve(root, 'docs/configuration.md'), 'utf8')).to.equal(renderConfigurationDoc())
  })

  it('leaves empty in .env.example exactly what has to be filled in', () => {
    const open = renderEnvExample().match(/^[A-Z].*$/gm)
    expect(open).to.deep.equal(['ENCRYPTION_KEYS=', 'DEXCOM_CLIENT_ID=', 'DEXCOM_CLIENT_SECRET='])
  })
})
