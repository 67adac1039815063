import type { Request, Response } from 'express'
import { TICKET_TTL_MS } from './tickets.ts'

/** One cookie for each attempt, so that two tabs do not spoil each other. */
export const cookieName = (stateHash: string): string => `bg_oauth_${stateHash.slice(0, 12)}`

const attributes = (redirectUri: string) =>
  ({
    httpOnly: true,
    // Lax: Dexcom's redirect back is a top-level navigation and has to carry it.
    sameSite: 'lax',
    secure: redirectUri.startsWith('https:'),
    path: '/oauth',
  }) as const

export function setStateCookie(res: Response, name: string, secret: string, redirectUri: string): void {
  res.cookie(name, secret, { ...attributes(redirectUri), maxAge: TICKET_TTL_MS })
}

export function clearStateCookie(res: Response, name: string, redirectUri: string): void {
  res.clearCookie(name, attributes(redirectUri))
}

export function readCookie(req: Request, name: string): string | null {
  for (const pair of (req.get('cookie') ?? '').split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name && value) return value
  }
  return null
}
