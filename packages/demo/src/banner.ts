import type { Demo } from './demo.ts'

interface BannerInput {
  readonly demo: Demo
  readonly userId: string
  readonly token: string
  readonly seconds: number
}

/** What a person sees when everything runs; the curl lines work as they stand. */
export function banner({ demo, userId, token, seconds }: BannerInput): string {
  const url = `${demo.apiUrl}/api/bg/${userId}`
  const auth = `-H "Authorization: Bearer ${token}"`
  return `
Ready after ${seconds} s. BG Ingest is no alarm system: never use it to decide on treatment.

  API            ${demo.apiUrl}    (${demo.apiUrl}/readyz, ${demo.apiUrl}/metrics)${
    demo.simulatorUrl
      ? `\n  Simulator      ${demo.simulatorUrl}    (what it was asked: ${demo.simulatorUrl}/__sim/manners)`
      : ''
  }
  Logs           ${demo.logFolder}/*/log

The newest reading of ${userId}:
  curl -s ${auth} ${url}/latest

The last 24 hours, in mmol/L:
  curl -s ${auth} "${url}?unit=mmol/L"

Fetch from Dexcom now and wait for it:
  curl -s -X POST -H "Prefer: wait=10" ${auth} ${url}/sync

Another worker, in a second terminal in this folder:
  . ${demo.environmentFile} && tools/dev pnpm --filter @bg-ingest/worker start

Ctrl-C stops everything and removes its files.
`
}
