import { globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { provision } from '@bg-ingest/store/provision'
import { expect } from 'chai'
import { parse, type Tags } from 'yaml'

const ROOT = join(import.meta.dirname, '../../..')

interface Statement {
  readonly Effect: string
  readonly Action: readonly string[]
  readonly Resource: unknown
  readonly Condition?: unknown
}
interface Resource {
  readonly Type: string
  readonly DeletionPolicy?: string
  readonly Condition?: string
  // biome-ignore lint/suspicious/noExplicitAny: a template's resources have every shape there is
  readonly Properties: any
}

const customTags: Tags = [
  ...['Ref', 'Sub', 'GetAtt'].map((name) => ({
    tag: `!${name}`,
    resolve: (text: string) => ({ [name]: text }),
  })),
  ...['Not', 'Equals'].map((name) => ({
    tag: `!${name}`,
    collection: 'seq' as const,
    resolve: (list: { readonly items: readonly unknown[] }) => ({ [name]: list.items }),
  })),
]
const { Resources } = parse(readFileSync(join(ROOT, 'docker/aws/tables.yaml'), 'utf8'), { customTags }) as {
  readonly Resources: Readonly<Record<string, Resource>>
}
const statementsOf = (role: string): readonly Statement[] =>
  Resources[role]?.Properties.Policies.flatMap(
    (policy: { PolicyDocument: { Statement: Statement[] } }) => policy.PolicyDocument.Statement,
  )
const actionsOf = (role: string): readonly string[] =>
  statementsOf(role)
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => Action)
    .filter((action) => action.startsWith('dynamodb:'))
    .map((action) => action.slice('dynamodb:'.length))

/** What the document client's commands are called at AWS. */
const OPERATIONS: Readonly<Record<string, string>> = {
  BatchGet: 'BatchGetItem',
  BatchWrite: 'BatchWriteItem',
  Delete: 'DeleteItem',
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
}
const commandsIn = (paths: readonly string[]): readonly string[] => {
  const texts = paths.map((path) => readFileSync(join(ROOT, path), 'utf8')).join('\n')
  const names = [...texts.matchAll(/new (\w+)Command\b/g)].map(([, name = '']) => OPERATIONS[name] ?? name)
  return [...new Set(names)].sort()
}

/** Every request that `pnpm provision` makes of a DynamoDB that has no tables yet, by operation. */
async function whatProvisionAsks(): Promise<
  readonly { readonly operation: string; readonly body: Record<string, unknown> }[]
> {
  const asked: { operation: string; body: Record<string, unknown> }[] = []
  const made = new Set<unknown>()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const operation = String(req.headers['x-amz-target']).split('.').at(-1) ?? ''
        const body = JSON.parse(String(Buffer.concat(chunks)))
        asked.push({ operation, body })
        const missing = operation === 'DescribeTable' && !made.has(body.TableName)
        if (operation === 'CreateTable') made.add(body.TableName)
        const answer = missing
          ? { __type: 'com.amazonaws#ResourceNotFoundException' }
          : { Table: { TableStatus: 'ACTIVE' } }
        res.writeHead(missing ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const before = { id: process.env.AWS_ACCESS_KEY_ID, key: process.env.AWS_SECRET_ACCESS_KEY }
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' })
  try {
    const connection = { region: 'us-east-1', endpoint: `http://127.0.0.1:${port}` }
    await provision({
      server: connection,
      tables: { readings: 'Readings', accounts: 'Accounts' },
      say: () => undefined,
    })
  } finally {
    for (const [name, value] of [
      ['AWS_ACCESS_KEY_ID', before.id],
      ['AWS_SECRET_ACCESS_KEY', before.key],
    ] as const)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    server.closeAllConnections()
    server.close()
  }
  return asked
}

describe('the template for AWS', () => {
  it('has the tables that provisioning makes: keys, indexes, billing, expiry, recovery', async () => {
    const asked = await whatProvisionAsks()
    const of = (operation: string, table: string) =>
      asked.find((one) => one.operation === operation && one.body.TableName === table)?.body
    for (const table of ['Readings', 'Accounts']) {
      const { Properties } = Resources[table] ?? { Properties: {} }
      const { TableName: _, ...created } = of('CreateTable', table) ?? {}
      for (const [property, value] of Object.entries(created))
        expect(Properties[property], property).to.deep.equal(value)
      for (const index of ['GlobalSecondaryIndexes', 'LocalSecondaryIndexes'])
        expect(Properties[index]).to.deep.equal(created[index])
      for (const [operation, property] of [
        ['UpdateTimeToLive', 'TimeToLiveSpecification'],
        ['UpdateContinuousBackups', 'PointInTimeRecoverySpecification'],
      ] as const)
        expect(Properties[property]).to.deep.equal(of(operation, table)?.[property])
    }
  })

  it('protects them: key of our own, no deletion by accident', () => {
    for (const table of ['Readings', 'Accounts']) {
      const { DeletionPolicy, Properties } = Resources[table] ?? { Properties: {} }
      expect(DeletionPolicy, table).to.equal('Retain')
      expect(Properties.DeletionProtectionEnabled, table).to.equal(true)
      expect(Properties.SSESpecification, table).to.deep.include({ SSEEnabled: true, SSEType: 'KMS' })
    }
    expect(Resources.Key?.Properties.EnableKeyRotation).to.equal(true)
  })

  it('lets the API read by key, and nothing else', () => {
    expect(actionsOf('ApiRole')).to.deep.equal(['BatchGetItem', 'GetItem', 'Query'])
  })

  it('lets workers do what the store does, and no more', () => {
    const store = globSync('packages/store/src/*.ts', { cwd: ROOT }).filter((path) => !path.endsWith('provision.ts'))
    expect([...actionsOf('WorkerRole')].sort()).to.deep.equal(commandsIn(store))
  })

  it('lets provisioning do what it does, and no more', () => {
    const used = commandsIn(['packages/store/src/provision.ts', 'packages/store/src/service-key.ts'])
    expect([...actionsOf('ProvisionRole')].sort()).to.deep.equal(used)
  })

  it('names each action and each resource: no star but for a kind of a KMS call', () => {
    for (const role of ['ApiRole', 'WorkerRole', 'ProvisionRole'])
      for (const { Effect, Action, Resource } of statementsOf(role)) {
        expect(Effect).to.be.oneOf(['Allow', 'Deny'])
        expect(JSON.stringify(Resource)).to.not.include('*')
        expect(
          Action.filter((action) => action.includes('*') && !/^kms:(ReEncrypt|GenerateDataKey)\*$/.test(action)),
        ).to.deep.equal([])
        expect(Action).to.not.include('dynamodb:Scan').and.to.not.include('dynamodb:DeleteTable')
      }
  })

  it('lets nobody change what the audit trail holds', () => {
    const [denied] = statementsOf('WorkerRole').filter(({ Effect }) => Effect === 'Deny')
    expect(denied?.Action).to.have.members(['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:UpdateItem'])
    expect(denied?.Condition).to.deep.equal({ 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': ['audit#*'] } })
  })

  it('lets all three use the key of the tokens, where there is one', () => {
    const { Condition, Properties } = Resources.TokenKeyPolicy ?? { Properties: {} }
    expect(Condition).to.equal('SealsWithKms')
    expect(Properties.Roles).to.deep.equal([{ Ref: 'ApiRole' }, { Ref: 'WorkerRole' }, { Ref: 'ProvisionRole' }])
    expect(Properties.PolicyDocument.Statement[0].Action).to.deep.equal(['kms:Decrypt', 'kms:GenerateDataKey'])
  })

  it('trusts the service accounts of docker/kubernetes, each with its own role', () => {
    for (const [role, account] of [
      ['ApiRole', 'api'],
      ['WorkerRole', 'worker'],
      ['ProvisionRole', 'provision'],
    ] as const) {
      const trust = String(Resources[role]?.Properties.AssumeRolePolicyDocument.Sub)
      const [statement] = JSON.parse(trust).Statement
      expect(Object.values(statement.Condition.StringEquals)).to.include(
        `system:serviceaccount:\${Namespace}:bg-ingest-${account}`,
      )
    }
  })
})
