import { timingSafeEqual } from 'node:crypto'

/** An application that is registered in one region of the simulator. */
export interface Client {
  readonly id: string
  /** The secret of now. */
  readonly secret: () => string
  readonly isSecret: (given: string) => boolean
  /** The old secret is refused from here on, as in Dexcom's portal (dexcom-api.md 2.8). */
  readonly rotateSecret: (next: string) => void
  readonly isRedirectUri: (uri: string) => boolean
}

interface ClientInput {
  readonly id: string
  readonly secret: string
  /** Matched letter by letter; none allows every loopback URI that ends in /oauth/callback. */
  readonly redirectUris: readonly string[]
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

export function createClient({ id, secret: firstSecret, redirectUris }: ClientInput): Client {
  let secret = firstSecret
  const isLoopbackCallback = (uri: string) => {
    const url = URL.parse(uri)
    return (
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      LOOPBACK.includes(url.hostname) &&
      uri.endsWith('/oauth/callback')
    )
  }
  return {
    id,
    secret: () => secret,
    isSecret: (given) => areEqual(given, secret),
    rotateSecret: (next) => {
      secret = next
    },
    isRedirectUri: (uri) => (redirectUris.length === 0 ? isLoopbackCallback(uri) : redirectUris.includes(uri)),
  }
}

const areEqual = (given: string, secret: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
