import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { AppError } from '@bg-ingest/domain'
import { type DynamoServer, serverOptions } from './client.ts'
import type { Tables } from './keys.ts'
import { keepServiceKey, readServiceKey } from './service-key.ts'

interface ProvisionOptions {
  readonly server: DynamoServer
  readonly tables: Tables
  readonly say: (line: string) => void
  /** Makes a wrapped key of the service's own, for the one that is kept; left out where keys are configured alone. */
  readonly newServiceKey?: () => Promise<string>
}

/** Creates the tables where they are missing and brings their settings up to date. Safe to repeat, never deletes. */
export async function provision({ server, tables, say, newServiceKey }: ProvisionOptions): Promise<void> {
  const client = new DynamoDBClient(serverOptions(server))
  try {
    for (const [name, sortKey] of [
      [tables.readings, 'readingKey'],
      [tables.accounts, 'item'],
    ] as const) {
      await ensureTable(client, name, sortKey, say)
      await bestEffort(say, `${name}: expiry by expiresAt`, () => enableExpiry(client, name))
      await bestEffort(say, `${name}: point-in-time recovery`, () =>
        client.send(
          new UpdateContinuousBackupsCommand({
            TableName: name,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          }),
        ),
      )
    }
    if (newServiceKey) await ensureServiceKey(client, tables.accounts, newServiceKey, say)
  } finally {
    client.destroy()
  }
}

async function ensureTable(client: DynamoDBClient, name: string, sortKey: string, say: (line: string) => void) {
  const existing = await describe(client, name)
  if (existing) {
    const keys = (existing.KeySchema ?? []).map(({ AttributeName }) => AttributeName).join(', ')
    if (keys !== `userId, ${sortKey}`)
      throw new AppError('internal_error', `Table ${name} has the keys ${keys}, expected userId, ${sortKey}`)
    await untilActive(client, name) // another provision may have created it a moment ago
    say(`${name}: exists`)
    return
  }
  await client
    .send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'userId', KeyType: 'HASH' },
          { AttributeName: sortKey, KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'userId', AttributeType: 'S' },
          { AttributeName: sortKey, AttributeType: 'S' },
        ],
      }),
    )
    .catch(unless(ResourceInUseException)) // another provision got there first
  await untilActive(client, name)
  say(`${name}: created`)
}

async function ensureServiceKey(
  client: DynamoDBClient,
  table: string,
  make: () => Promise<string>,
  say: (line: string) => void,
): Promise<void> {
  const document = DynamoDBDocumentClient.from(client)
  const isNew =
    (await readServiceKey(document, table)) === null && (await keepServiceKey(document, table, await make()))
  say(`${table}: the service's own key ${isNew ? 'made and wrapped by KMS' : 'exists'}`)
}

const untilActive = (client: DynamoDBClient, name: string) =>
  waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName: name })

const describe = async (client: DynamoDBClient, name: string): Promise<TableDescription | undefined> =>
  (await client.send(new DescribeTableCommand({ TableName: name })).catch(unless(ResourceNotFoundException)))?.Table

async function enableExpiry(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName: name,
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      }),
    )
  } catch (err) {
    if (!(err instanceof Error && /already enabled/i.test(err.message))) throw err
  }
}

/** DynamoDB Local knows no backups and dynalite no expiry: said, and gone on. Anywhere else an error is an error. */
async function bestEffort(say: (line: string) => void, what: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
    say(`${what}: on`)
  } catch (err) {
    if (!(err instanceof Error && err.name === 'UnknownOperationException')) throw err
    say(`${what}: not offered by this DynamoDB`)
  }
}

const unless =
  <E extends Error>(expected: abstract new (...args: never[]) => E) =>
  (err: unknown): undefined => {
    if (!(err instanceof expected)) throw err
  }
