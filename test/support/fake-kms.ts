import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KmsKey } from '@bg-ingest/security'

const KMS_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

interface Asked {
  readonly action: string
  readonly context: Readonly<Record<string, string>>
}

export interface FakeKms {
  readonly key: KmsKey
  readonly asked: Asked[]
  /** From now on every call ends with this status and error; null ends that. */
  failWith(failure: { readonly status: number; readonly type: string } | null): void
  stop(): Promise<void>
}

interface Body {
  readonly EncryptionContext?: Readonly<Record<string, string>>
  readonly CiphertextBlob?: string
}

/** The two calls of KMS that envelope encryption needs, over HTTP: one key, bound to the context as in AWS. */
export async function startFakeKms(arn = KMS_ARN): Promise<FakeKms> {
  const master = randomBytes(32)
  const asked: Asked[] = []
  let failure: { readonly status: number; readonly type: string } | null = null
  const server = createServer((req, res) => {
    answer(req)
      .then(({ status, body }) => send(res, status, body))
      .catch(() => send(res, 400, { __type: 'InvalidCiphertextException' }))
  })
  const answer = async (req: IncomingMessage) => {
    const action = String(req.headers['x-amz-target']).replace('TrentService.', '')
    const body = JSON.parse(Buffer.concat(await req.toArray()).toString()) as Body
    const context = body.EncryptionContext ?? {}
    asked.push({ action, context })
    if (failure) return { status: failure.status, body: { __type: failure.type } }
    if (action === 'Decrypt') return { status: 200, body: { KeyId: arn, Plaintext: unwrap(master, body, context) } }
    const plain = randomBytes(32)
    return {
      status: 200,
      body: { KeyId: arn, Plaintext: plain.toString('base64'), CiphertextBlob: wrap(master, plain, context) },
    }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    key: {
      arn,
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
    asked,
    failWith: (next) => {
      failure = next
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
}

const aadOf = (context: Readonly<Record<string, string>>) => Buffer.from(JSON.stringify(Object.entries(context).sort()))

function wrap(master: Uint8Array, plain: Uint8Array, context: Readonly<Record<string, string>>): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', master, iv).setAAD(aadOf(context))
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
}

function unwrap(master: Uint8Array, { CiphertextBlob = '' }: Body, context: Readonly<Record<string, string>>): string {
  const blob = Buffer.from(CiphertextBlob, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', master, blob.subarray(0, 12)).setAAD(aadOf(context))
  decipher.setAuthTag(blob.subarray(12, 28))
  return Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]).toString('base64')
}
