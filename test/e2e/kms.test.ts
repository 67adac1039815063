import { DeleteCommand, GetCommand } from '@aws-sdk/lib-dynamodb'
import { connectPerson } from '@bg-ingest/demo'
import { sealedBy } from '@bg-ingest/security'
import { expect } from 'chai'
import { call, type PersonClient } from '../support/e2e-client.ts'
import { runOps } from '../support/e2e-ops.ts'
import { killApp, type ListeningApp, spawnApp, startApp } from '../support/e2e-process.ts'
import { type System, startSystem, untilHistoryIs } from '../support/e2e-system.ts'
import { type FakeKms, startFakeKms } from '../support/fake-kms.ts'

const SERVICE_KEY = { userId: 'service#key', item: 'wrapped' }

// docs/operations/key-rotation.md, "To KMS", step by step.
describe('e2e: from ENCRYPTION_KEYS to KMS, and no key left in the environment', function () {
  this.timeout(60_000)
  let kms: FakeKms
  let system: System
  let alice: PersonClient
  const later: ListeningApp[] = []
  before(async () => {
    kms = await startFakeKms()
    const { endpoint = '', credentials } = kms.key
    system = await startSystem({
      workers: 1,
      simulator: { users: [{ name: 'alice', kind: 'generated', profile: 'quiet', historyDays: 1 }] },
      variables: {
        AWS_ENDPOINT_URL_KMS: endpoint,
        AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? '',
        AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? '',
      },
    })
    alice = await system.connect('alice', 'alice')
    // A worker that ends in the middle of it leaves a lease that the next one waits for.
    await untilHistoryIs('complete', alice)
  })
  after(async () => {
    await Promise.all(later.map(killApp))
    await system?.stop()
    await kms?.stop()
  })

  const stored = async (Key: Readonly<Record<string, string>>) =>
    (await system.dynamo.send(new GetCommand({ TableName: system.variables.DYNAMODB_ACCOUNTS_TABLE ?? '', Key }))).Item
  const keysInUse = async () => {
    const { access, refresh } = (await stored({ userId: alice.userId, item: 'connection' }))?.tokens ?? {}
    return [access, refresh].map(sealedBy)
  }
  const variables = (ENCRYPTION_KEYS: string) => ({ ...system.variables, KMS_KEY_ARN: kms.key.arn, ENCRYPTION_KEYS })
  const start = async (app: 'api' | 'worker', ENCRYPTION_KEYS: string) => {
    const started = await startApp(app, variables(ENCRYPTION_KEYS))
    later.push(started)
    return started
  }
  const ended = async (worker: ListeningApp) => {
    worker.kill('SIGTERM')
    await worker.exited()
  }
  const sync = async () => (await alice.call('POST', '/sync', { headers: { prefer: 'wait=20' } })).json.status

  it('rotate-keys moves tokens to KMS, and syncs go on with both and with KMS alone', async () => {
    const keys = system.variables.ENCRYPTION_KEYS ?? ''
    expect(await keysInUse()).to.deep.equal(['dev', 'dev'])
    expect((await runOps(variables(keys), 'provision')).code).to.equal(0)
    expect((await stored(SERVICE_KEY))?.wrapped).to.be.a('string')
    for (const worker of system.workers) await ended(worker)
    const both = await start('worker', keys)
    const { code, json, stderr } = await runOps(variables(keys), 'rotate-keys', '--json')
    expect([code, json.resealed + json.current, json.unreadable], stderr).to.deep.equal([0, 1, 0])
    expect(await keysInUse()).to.deep.equal([kms.key.arn, kms.key.arn])
    expect(await sync()).to.equal('completed')
    await ended(both)
    await start('worker', '')
    expect(await sync()).to.equal('completed')
  })

  it('connects and reads with KMS alone, with cursors that two processes agree on', async () => {
    const apis = await Promise.all([start('api', ''), start('api', '')])
    const { token, userId } = alice
    await connectPerson({ apiUrl: apis[0].url, token, userId, dexcomUser: 'alice' })
    expect(await keysInUse()).to.deep.equal([kms.key.arn, kms.key.arn])
    expect(await sync()).to.equal('completed')
    const page = async (i: number, query: string) =>
      (await call(`${apis[i]?.url}/api/bg/${alice.userId}?limit=1${query}`, 'GET', { token: alice.token })).json
    const first = await page(0, '')
    const second = await page(1, `&cursor=${encodeURIComponent(first.next)}`)
    expect(second.readings[0].id).to.be.a('string').and.not.equal(first.readings[0].id)
  })

  it('asks for a provision where nothing has been wrapped', async () => {
    await system.dynamo.send(
      new DeleteCommand({ TableName: system.variables.DYNAMODB_ACCOUNTS_TABLE ?? '', Key: SERVICE_KEY }),
    )
    for (const app of ['api', 'worker'] as const) {
      const refused = spawnApp(app, { ...variables(''), PORT: '0', WORKER_PORT: '0' })
      expect((await refused.exited()).code, app).to.equal(1)
      expect(refused.output(), app).to.include('KMS_KEY_ARN').and.include('pnpm provision')
    }
  })
})
