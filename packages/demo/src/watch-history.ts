import { setTimeout as delay } from 'node:timers/promises'

interface WatchOptions {
  readonly apiUrl: string
  readonly tokens: ReadonlyMap<string, string>
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface Progress {
  /** 0 to 100, the mean over all people. */
  readonly percent: number
  readonly readings: number
}

interface HistoryView {
  readonly history: { readonly state: string; readonly percent: number; readonly readings: number }
}

const LOOK_EVERY_MS = 300

/** Follows the import of everybody's history through the API until all are complete. Throws where one fails. */
export async function watchHistory({ apiUrl, tokens, signal, onProgress }: WatchOptions): Promise<Progress> {
  for (;;) {
    const views = await Promise.all([...tokens].map(([userId, token]) => historyOf(apiUrl, userId, token)))
    const progress = {
      percent: Math.floor(views.reduce((sum, { percent }) => sum + percent, 0) / views.length),
      readings: views.reduce((sum, { readings }) => sum + readings, 0),
    }
    onProgress(progress)
    if (views.some(({ state }) => state === 'failed')) throw new Error('an import of history failed')
    if (views.every(({ state }) => state === 'complete')) return progress
    await delay(LOOK_EVERY_MS, undefined, { signal })
  }
}

async function historyOf(apiUrl: string, userId: string, token: string): Promise<HistoryView['history']> {
  const answer = await fetch(`${apiUrl}/api/bg/${encodeURIComponent(userId)}/connection`, {
    headers: { authorization: `Bearer ${token}` },
  })
  if (!answer.ok) throw new Error(`the connection of ${userId} answered ${answer.status}`)
  return ((await answer.json()) as HistoryView).history
}
