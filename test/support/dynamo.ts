import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { type RunningBackend, startDynamodb } from '@bg-ingest/local-stack'
import { provision } from '@bg-ingest/store/provision'
import type { Tables } from '@bg-ingest/store/read'
import { createDynamo, WRITE_LIMITS } from '@bg-ingest/store/write'

/** A DynamoDB on this machine, which asks for credentials and takes any. */
export const serverAt = (endpoint: string) => ({ region: 'us-east-1', endpoint, anyCredentials: true })

/** Consumed capacity of one call. */
export interface Units {
  readonly operation: string
  readonly kind: 'read' | 'write'
  readonly units: number
}

export interface TestDynamo {
  readonly endpoint: string
  /** Tables that nobody else uses, so that test files need not clean up. */
  readonly tables: Tables
  /** A client of its own; closed after the last test. */
  client(onUnits?: (units: Units) => void): DynamoDBDocumentClient
}

/** Names of tables that do not exist yet. */
export function freshTables(): Tables {
  const suffix = randomUUID().slice(0, 8)
  return { readings: `bg_readings_${suffix}`, accounts: `bg_accounts_${suffix}` }
}

/**
 * Gives the tests of the describe block around it a real DynamoDB with fresh tables: the one of DYNAMODB_ENDPOINT, else one
 * that is started for them.
 */
export function useDynamo(): TestDynamo {
  const tables = freshTables()
  const clients: DynamoDBDocumentClient[] = []
  let own: { readonly dir: string; readonly backend: RunningBackend } | null = null
  let endpoint = ''

  before(async function () {
    this.timeout(60_000)
    if (!process.env.DYNAMODB_ENDPOINT) own = await startOwn()
    endpoint = own?.backend.url ?? process.env.DYNAMODB_ENDPOINT ?? ''
    await provision({ server: serverAt(endpoint), tables, say: () => undefined })
  })
  after(async () => {
    for (const client of clients) client.destroy()
    if (!own) return
    await own.backend.stop()
    await rm(own.dir, { recursive: true, force: true })
  })

  return {
    get endpoint() {
      return endpoint
    },
    tables,
    client(onUnits) {
      const client = createDynamo({
        ...serverAt(endpoint),
        ...WRITE_LIMITS,
        onUnits: (operation, kind, units) => onUnits?.({ operation, kind, units }),
      })
      clients.push(client)
      return client
    },
  }
}

async function startOwn() {
  const dir = await mkdtemp(join(tmpdir(), 'bg-dynamodb-'))
  return { dir, backend: await startDynamodb({ env: process.env, dir }) }
}
