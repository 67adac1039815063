/** Dexcom v3, developer pages: an account lives on one of these hosts and is never failed over to another. */
export const DEXCOM_HOSTS = {
  sandbox: 'https://sandbox-api.dexcom.com',
  US: 'https://api.dexcom.com',
  EU: 'https://api.dexcom.eu',
  JP: 'https://api.dexcom.jp',
} as const

/** One Dexcom application in one region: who we are there, and where. `name` is `default` or US, EU, JP … */
export interface DexcomRegion {
  readonly name: string
  readonly baseUrl: string
  readonly clientId: string
  readonly clientSecret: string
}

const HOUR_MS = 3_600_000

/** How late Dexcom shows what a phone uploaded: 1 h in the US and the sandbox, 3 h elsewhere (dexcom-api.md 0.5). */
export function vendorDelayMs(baseUrl: string): number {
  const { hostname } = new URL(baseUrl)
  return hostname.endsWith('.dexcom.eu') || hostname.endsWith('.dexcom.jp') ? 3 * HOUR_MS : HOUR_MS
}
