import { type Environment, loadApiConfig, loadTokenConfig, loadWorkerConfig } from '@bg-ingest/config'

/** Stands in values that must never be printed. */
export const CANARY = 'c4n4ry'

const key = (fill: number) => Buffer.alloc(32, fill).toString('base64')

export const ENCRYPTION_KEYS = `k2:${key(2)},k1:${key(1)}`

const API: Environment = {
  JWT_SECRET: `${CANARY}-0123456789-0123456789-0123456789`,
  ENCRYPTION_KEYS,
  DEXCOM_CLIENT_ID: 'our-client',
}

const WORKER: Environment = {
  ENCRYPTION_KEYS,
  DEXCOM_CLIENT_ID: 'our-client',
  DEXCOM_CLIENT_SECRET: `${CANARY}-client-secret`,
}

const NODE = '24.21.0'

export const loadApi = (overrides: Environment = {}, node = NODE) => loadApiConfig({ ...API, ...overrides }, node)
export const loadWorker = (overrides: Environment = {}, node = NODE) =>
  loadWorkerConfig({ ...WORKER, ...overrides }, node)
export const loadToken = (env: Environment) => loadTokenConfig(env, NODE)
