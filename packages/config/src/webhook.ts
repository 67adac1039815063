import * as z from 'zod'
import { concern } from './concern.ts'
import { oneOf, parseBase64, parsed, parseEach, text } from './fields.ts'
import { Secret } from './secret.ts'

const PREFIX = 'whsec_'
/** Standard Webhooks asks for 24 to 64 random bytes; longer ones do no harm. */
const SECRET_BYTES = 24

function readSecret(entry: string): Uint8Array | null {
  const bytes = entry.startsWith(PREFIX) ? parseBase64(entry.slice(PREFIX.length)) : null
  return bytes && bytes.length >= SECRET_BYTES ? bytes : null
}

function readSecrets(value: string): Secret<readonly Uint8Array[]> | null {
  const secrets = parseEach(value, readSecret)
  return secrets && new Secret(secrets)
}

/** `secrets` is null where none is configured: the webhook then answers 503 wherever a signature is demanded. */
export const webhook = concern(
  z
    .object({
      WEBHOOK_SECRETS: parsed(
        readSecrets,
        `must be a comma-separated list of ${PREFIX}<base64>, each of at least ${SECRET_BYTES} bytes`,
      ).optional(),
      WEBHOOK_AUTH: oneOf('signature+jwt', 'signature', 'jwt'),
      WEBHOOK_JWT_AUDIENCE: text,
    })
    .transform((env) => ({
      secrets: env.WEBHOOK_SECRETS ?? null,
      auth: env.WEBHOOK_AUTH,
      jwtAudience: env.WEBHOOK_JWT_AUDIENCE,
    })),
)
