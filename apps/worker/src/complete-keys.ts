import { noServiceKey, Secret, type WorkerConfig } from '@bg-ingest/config'
import { withServiceKey } from '@bg-ingest/security'
import { readServiceKey } from '@bg-ingest/store/read'
import { createDynamo, WRITE_LIMITS } from '@bg-ingest/store/write'

/** The same configuration with every key there is: KMS may have wrapped one of the service's own. Throws ConfigError. */
export async function completeKeys(config: WorkerConfig): Promise<WorkerConfig> {
  const { keys, kms } = config.encryption
  if (kms === null) return config
  const { server, accountsTable } = config.dynamo
  const dynamo = createDynamo({ ...server, ...WRITE_LIMITS })
  try {
    const all = await withServiceKey(keys.reveal(), kms, await readServiceKey(dynamo, accountsTable))
    if (all.length === 0) throw noServiceKey()
    return { ...config, encryption: { kms, keys: new Secret(all) } }
  } finally {
    dynamo.destroy()
  }
}
