import { timingSafeEqual } from 'node:crypto'

/** The one application that is registered with the simulator. */
export interface Client {
  readonly id: string
  readonly secret: string
  readonly isRedirectUri: (uri: string) => boolean
}

interface ClientInput {
  readonly id: string
  readonly secret: string
  /** Matched letter by letter; none allows every loopback URI that ends in /oauth/callback. */
  readonly redirectUris: readonly string[]
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

export function createClient({ id, secret, redirectUris }: ClientInput): Client {
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
    secret,
    isRedirectUri: (uri) => (redirectUris.length === 0 ? isLoopbackCallback(uri) : redirectUris.includes(uri)),
  }
}

export const isSecret = (given: string, secret: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
