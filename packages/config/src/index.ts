export type { Environment } from './concern.ts'
export { ConfigError, type Problem } from './config-error.ts'
export { type EncryptionKey, noServiceKey } from './encryption.ts'
export type { RateLimit } from './http.ts'
export type { JwtKey } from './jwt.ts'
export {
  type ApiConfig,
  loadApiConfig,
  loadProvisionConfig,
  loadTokenConfig,
  loadWorkerConfig,
  type ProvisionConfig,
  type TokenConfig,
  type WorkerConfig,
} from './load.ts'
export { renderConfigurationDoc, renderEnvExample } from './render.ts'
export { Secret } from './secret.ts'
export { type Reader, type Variable, variables } from './variables.ts'
