import { DeleteCommand, GetCommand } from '@aws-sdk/lib-dynamodb'
import { expect } from 'chai'
import { spawnApp } from '../support/e2e-process.ts'
import { type System, startSystem } from '../support/e2e-system.ts'
import { type FakeKms, startFakeKms } from '../support/fake-kms.ts'

const SERVICE_KEY = { userId: 'service#key', item: 'wrapped' }

describe('e2e: KMS and no key in the environment', () => {
  let kms: FakeKms
  let system: System
  before(async function () {
    this.timeout(60_000)
    kms = await startFakeKms()
    const { arn, endpoint = '', credentials } = kms.key
    system = await startSystem({
      workers: 1,
      simulator: { users: [{ name: 'alice', kind: 'generated', profile: 'quiet', historyDays: 1 }] },
      variables: {
        ENCRYPTION_KEYS: '',
        KMS_KEY_ARN: arn,
        AWS_ENDPOINT_URL_KMS: endpoint,
        AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
        AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
      },
    })
  })
  after(async function () {
    this.timeout(60_000)
    await system?.stop()
    await kms?.stop()
  })

  const stored = async () => {
    const { Item } = await system.dynamo.send(
      new GetCommand({ TableName: system.variables.DYNAMODB_ACCOUNTS_TABLE ?? '', Key: SERVICE_KEY }),
    )
    return Item?.wrapped as string | undefined
  }

  it('connects, syncs and reads, with cursors that API and worker agree on', async function () {
    this.timeout(40_000)
    const alice = await system.connect('alice', 'alice')
    const sync = await alice.call('POST', '/sync', { headers: { prefer: 'wait=20' } })
    expect(sync.json).to.include({ status: 'completed' })
    const first = await alice.call('GET', '?limit=1')
    const second = await alice.call('GET', `?limit=1&cursor=${encodeURIComponent(first.json.next)}`)
    expect(second.status).to.equal(200)
    expect(second.json.readings[0].id).not.to.equal(first.json.readings[0].id)
    expect(await stored()).to.be.a('string')
  })

  it('asks for a provision where nothing has been wrapped', async function () {
    this.timeout(20_000)
    await system.dynamo.send(
      new DeleteCommand({ TableName: system.variables.DYNAMODB_ACCOUNTS_TABLE ?? '', Key: SERVICE_KEY }),
    )
    for (const app of ['api', 'worker'] as const) {
      const refused = spawnApp(app, { ...system.variables, PORT: '0', WORKER_PORT: '0' })
      expect((await refused.exited()).code, app).to.equal(1)
      expect(refused.output(), app).to.include('KMS_KEY_ARN').and.include('pnpm provision')
    }
  })
})
