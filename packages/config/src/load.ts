import { auditLog, auditRetention } from './audit.ts'
import { type Environment, readConcerns } from './concern.ts'
import { dexcomBudget, dexcomPublicRegions, dexcomRedirect, dexcomRegions } from './dexcom.ts'
import { encryption, keyService } from './encryption.ts'
import { apiHttp, board, returnTo, workerHttp } from './http.ts'
import { jwt, tokenSigning } from './jwt.ts'
import { service, shutdown } from './service.ts'
import { dynamo, rabbitmq, redis } from './stores.ts'
import { polling, retention, sync } from './sync.ts'
import { webhook } from './webhook.ts'

/** Reads the API's environment, once, at start. Throws ConfigError that names every bad variable and no value. */
export function loadApiConfig(env: Environment, nodeVersion: string = process.versions.node) {
  const {
    dexcomRegions: regions,
    dexcom,
    ...rest
  } = readConcerns(env, {
    service: service(nodeVersion),
    shutdown,
    http: apiHttp,
    redis,
    dynamo,
    jwt,
    webhook,
    encryption,
    dexcomRegions: dexcomPublicRegions,
    dexcom: dexcomRedirect,
    returnTo,
    polling,
    retention,
    board,
    auditLog,
  })
  return { ...rest, dexcom: { ...dexcom, regions } }
}
export type ApiConfig = Readonly<ReturnType<typeof loadApiConfig>>

/** Reads a worker's environment, once, at start. Throws ConfigError that names every bad variable and no value. */
export function loadWorkerConfig(env: Environment, nodeVersion: string = process.versions.node) {
  const {
    dexcomRegions: regions,
    dexcomBudget: budget,
    dexcom,
    ...rest
  } = readConcerns(env, {
    service: service(nodeVersion),
    shutdown,
    http: workerHttp,
    redis,
    dynamo,
    rabbitmq,
    encryption,
    dexcomRegions,
    dexcom: dexcomRedirect,
    dexcomBudget,
    sync,
    auditLog,
    auditRetention,
  })
  return { ...rest, dexcom: { ...dexcom, ...budget, regions } }
}
export type WorkerConfig = Readonly<ReturnType<typeof loadWorkerConfig>>

/** What `pnpm provision` needs: where the tables are, and KMS where it wraps the service's own key. Throws ConfigError. */
export function loadProvisionConfig(env: Environment, nodeVersion: string = process.versions.node) {
  return readConcerns(env, { service: service(nodeVersion), dynamo, kms: keyService })
}
export type ProvisionConfig = ReturnType<typeof loadProvisionConfig>

/** What `pnpm token` needs: the development secret and the audiences. Throws ConfigError. */
export function loadTokenConfig(env: Environment, nodeVersion: string = process.versions.node) {
  return readConcerns(env, { service: service(nodeVersion), token: tokenSigning })
}
export type TokenConfig = ReturnType<typeof loadTokenConfig>
