import { ConfigError, loadProvisionConfig } from '@bg-ingest/config'
import { AppError } from '@bg-ingest/domain'
import { failureLine } from '@bg-ingest/process'
import { wrapNewServiceKey } from '@bg-ingest/security'
import { provision } from '@bg-ingest/store/provision'

try {
  const { dynamo, kms } = loadProvisionConfig(process.env)
  const { server, readingsTable, accountsTable } = dynamo
  await provision({
    server,
    tables: { readings: readingsTable, accounts: accountsTable },
    say: console.log,
    ...(kms ? { newServiceKey: () => wrapNewServiceKey(kms) } : {}),
  })
} catch (err) {
  const told = err instanceof ConfigError || err instanceof AppError
  console.error(told ? err.message : failureLine('provision failed', err))
  process.exitCode = 1
}
