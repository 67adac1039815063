import { ConfigError, loadProvisionConfig } from '@bg-ingest/config'
import { provision } from '@bg-ingest/store/provision'

try {
  const { dynamo } = loadProvisionConfig(process.env)
  const { region, endpoint, readingsTable, accountsTable } = dynamo
  await provision({ region, endpoint, tables: { readings: readingsTable, accounts: accountsTable }, say: console.log })
} catch (err) {
  console.error(err instanceof ConfigError ? err.message : err)
  process.exitCode = 1
}
