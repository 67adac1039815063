import type { Response } from 'express'

interface Page {
  readonly status: number
  readonly title: string
  readonly text: string
}

/** Every page of the connecting flow. Fixed texts only: nothing of the query is ever echoed. */
export const PAGES = {
  connected: {
    status: 200,
    title: 'Connected',
    text: 'Your Dexcom readings are being fetched. You can close this page.',
  },
  stillWorking: {
    status: 200,
    title: 'Almost there',
    text: 'Dexcom is slow today. Your connection is being set up; you can close this page.',
  },
  expired: {
    status: 400,
    title: 'This link cannot be used',
    text: 'It has expired or was used already. Go back to the app and start connecting again.',
  },
  denied: {
    status: 400,
    title: 'Not connected',
    text: 'Access was not allowed at Dexcom, so nothing was connected. Start again in the app if that was a mistake.',
  },
  foreign: {
    status: 400,
    title: 'This answer does not belong to this browser',
    text: 'Start connecting again in the app, and finish in the same browser.',
  },
  failed: {
    status: 502,
    title: 'Not connected',
    text: 'Dexcom did not accept the connection. Nothing was changed. Go back to the app and start again.',
  },
  wrongAccount: {
    status: 409,
    title: 'Another Dexcom account',
    text: 'You were connected with another Dexcom account before. Nothing was changed; ask for your data to be erased first, then connect again.',
  },
  unavailable: {
    status: 503,
    title: 'Please try again in a minute',
    text: 'The service cannot take this right now. Nothing was changed.',
  },
} as const satisfies Record<string, Page>

/** Sends a small page that loads nothing from anywhere and may not be framed or cached. */
export function sendPage(res: Response, { status, title, text }: Page): void {
  if (status === 503) res.set('Retry-After', '30')
  res
    .status(status)
    .set('Cache-Control', 'no-store')
    .set('Referrer-Policy', 'no-referrer')
    .type('html')
    .send(pageText({ title, text }))
}

export const pageText = ({ title, text }: Pick<Page, 'title' | 'text'>): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>`
