import { type ApiConfig, noServiceKey, Secret } from '@bg-ingest/config'
import { withServiceKey } from '@bg-ingest/security'
import { createDynamo, READ_LIMITS, readServiceKey } from '@bg-ingest/store/read'

/** The same configuration with every key there is: KMS may have wrapped one of the service's own. Throws ConfigError. */
export async function completeKeys(config: ApiConfig): Promise<ApiConfig> {
  const { keys, kms } = config.encryption
  if (kms === null) return config
  const { server, accountsTable } = config.dynamo
  const dynamo = createDynamo({ ...server, ...READ_LIMITS })
  try {
    const all = await withServiceKey(keys.reveal(), kms, await readServiceKey(dynamo, accountsTable))
    if (all.length === 0) throw noServiceKey()
    return { ...config, encryption: { kms, keys: new Secret(all) } }
  } finally {
    dynamo.destroy()
  }
}
