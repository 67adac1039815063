import { AsyncLocalStorage } from 'node:async_hooks'
import { KMS, KmsKeyringNode } from '@aws-crypto/client-node'

export interface KmsKey {
  /** Of the key itself, not of an alias: ciphertexts name the key. */
  readonly arn: string
  /** Only for a KMS that is not AWS itself. */
  readonly endpoint?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export interface WatchedKms {
  readonly keyring: KmsKeyringNode
  /** Runs work and tells, where it fails, whether KMS could not be asked: the SDK hides that in a text. */
  watch<T>(work: () => Promise<T>, onFailure: (failure: unknown, isAway: boolean) => never): Promise<T>
}

/** A person or a job waits for the answer; KMS answers in 5 to 20 ms. */
const CONNECT_MS = 500
const REQUEST_MS = 2_000
const ATTEMPTS = 3

/** The keyring of one KMS key, in the region that its ARN names. */
export function createKmsKeyring({ arn, endpoint, credentials }: KmsKey): WatchedKms {
  const asked = new AsyncLocalStorage<{ isAway: boolean }>()
  const kms = new KMS({
    region: arn.split(':')[3] ?? '',
    maxAttempts: ATTEMPTS,
    // Without it a hung call only prints a warning and hangs on.
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
    ...(endpoint ? { endpoint } : {}),
    ...(credentials ? { credentials } : {}),
  })
  kms.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args)
      } catch (err) {
        const state = asked.getStore()
        if (state && !isRefusal(err)) state.isAway = true
        throw err
      }
    },
    // Around the SDK's own repeats: only what failed in the end counts.
    { step: 'initialize', name: 'watchFailures' },
  )
  return {
    // The SDK's own client, whose types differ from the keyring's in optional fields alone.
    keyring: new KmsKeyringNode({ generatorKeyId: arn, clientProvider: (() => kms) as never }),
    watch: (work, onFailure) => {
      const state = { isAway: false }
      return asked.run(state, () => work().catch((err: unknown) => onFailure(err, state.isAway)))
    },
  }
}

const THROTTLED = 429

/** KMS has decided: no such key, not allowed, not its ciphertext. Anything else may be otherwise a moment later. */
function isRefusal(err: unknown): boolean {
  const { $metadata, name } = err as { $metadata?: { httpStatusCode?: number }; name?: string }
  const status = $metadata?.httpStatusCode ?? 0
  return status >= 400 && status < 500 && status !== THROTTLED && name !== 'ThrottlingException'
}
