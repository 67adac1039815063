import { CreateTableCommand, DescribeTimeToLiveCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { provision } from '@bg-ingest/store/provision'
import { expect } from 'chai'
import { freshTables, serverAt, useDynamo } from '../support/dynamo.ts'
import { thrownBy } from '../support/thrown.ts'

describe('provisioning, on DynamoDB', () => {
  const dynamo = useDynamo()
  const provisioned = async (tables = dynamo.tables) => {
    const said: string[] = []
    await provision({ server: serverAt(dynamo.endpoint), tables, say: (line) => said.push(line) })
    return said
  }
  let client: DynamoDBClient
  before(() => {
    client = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: dynamo.endpoint,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
  })
  after(() => client.destroy())

  it('creates what is missing, and finds it the second time', async () => {
    const tables = freshTables()
    expect(await provisioned(tables)).to.include.members([`${tables.readings}: created`, `${tables.accounts}: created`])
    expect(await provisioned(tables)).to.include.members([`${tables.readings}: exists`, `${tables.accounts}: exists`])
  })

  it('may run twice at once', async () => {
    const tables = freshTables()
    await Promise.all([provisioned(tables), provisioned(tables)])
    expect(await provisioned(tables)).to.include(`${tables.readings}: exists`)
  })

  it('turns expiry on', async () => {
    for (const table of [dynamo.tables.readings, dynamo.tables.accounts]) {
      const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: table }))
      expect(TimeToLiveDescription).to.deep.equal({ AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' })
    }
  })

  it('refuses a table with other keys, by name, and changes nothing', async () => {
    const tables = freshTables()
    await client.send(
      new CreateTableCommand({
        TableName: tables.readings,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    )
    const error = await thrownBy(provisioned(tables))
    expect(error.message).to.contain(tables.readings).and.contain('pk')
  })
})
