import { PutCommand } from '@aws-sdk/lib-dynamodb'
import { createDynamo, WRITE_LIMITS } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { call } from '../support/e2e-client.ts'
import { type ReadOnlyProxy, startReadOnlyProxy } from '../support/e2e-read-only-proxy.ts'
import { aPerson, fromRunner, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

describe('An API that may only read DynamoDB', function () {
  this.timeout(60_000)
  let proxy: ReadOnlyProxy
  before(async () => {
    proxy = await startReadOnlyProxy(fromRunner('DYNAMODB_ENDPOINT'))
  })
  const system = useSystem({
    name: 'read-only',
    workers: 1,
    apiVariables: () => ({ DYNAMODB_ENDPOINT: proxy.url }),
    simulator: { users: [{ name: 'anybody', kind: 'generated', profile: 'quiet', historyDays: 2 }] },
  })
  after(() => proxy.stop())

  it('does everything it offers, and never tries to write', async () => {
    const person = await system.connect(aPerson('read-only'), 'anybody')
    await untilHistoryIs('complete', person)
    expect((await person.everyReading()).length).to.be.above(400)
    expect((await person.call('GET', '/latest')).status).to.equal(200)
    expect((await person.call('HEAD', '?limit=5')).status).to.equal(200)

    const synced = await person.call('POST', '/sync', { headers: { prefer: 'wait=20' } })
    expect([synced.status, synced.json.status]).to.deep.equal([200, 'completed'])
    expect((await person.call('GET', `/sync/${synced.json.jobId}`)).json.status).to.equal('completed')

    expect((await person.call('POST', '/connection')).status).to.equal(201)
    expect((await person.call('DELETE', '/connection')).status).to.equal(202)
    await until('the person is disconnected', async () => (await person.connection()).status === 'disconnected')
    expect((await person.call('DELETE', '/connection?erase=true')).status).to.equal(202)
    await until('the person is erased', async () => (await person.call('GET', '/latest')).status === 404, 15_000)

    for (const path of ['/readyz', '/healthz', '/metrics'])
      expect((await call(`${system.apiUrl}${path}`, 'GET')).status, path).to.equal(200)
    expect([...proxy.passed]).to.include('Query')
    expect(proxy.refused).to.deep.equal([])
  })

  it('would have been refused', async () => {
    const dynamo = createDynamo({
      region: 'us-east-1',
      endpoint: proxy.url,
      anyCredentials: true,
      ...WRITE_LIMITS,
      onUnits: () => undefined,
    })
    const put = new PutCommand({ TableName: system.variables.DYNAMODB_TABLE, Item: { userId: 'x', readingKey: 'x' } })
    const outcome = await dynamo.send(put).catch((err: unknown) => err)
    dynamo.destroy()
    expect(outcome).to.include({ name: 'AccessDeniedException' })
    expect(proxy.refused).to.deep.equal(['PutItem'])
  })
})
