import { expect } from 'chai'
import type { TestApi } from './an-api.ts'
import type { Answer } from './http-call.ts'

export const SCRIPT = '<script>alert(1)</script>'
export const CODE = 'the-code-c4n4ry'
export const EXPIRED = 'This link cannot be used'

export const cookieOf = ({ headers }: Answer): string => String(headers['set-cookie']?.[0])

export function expectPage(answer: Answer, status: number, title: string): void {
  expect([answer.status, /<title>(.*)<\/title>/.exec(answer.text)?.[1]]).to.deep.equal([status, title])
  expect(answer.headers['content-type']).to.equal('text/html; charset=utf-8')
  expect(answer.headers['cache-control']).to.equal('no-store')
  expect(answer.headers['referrer-policy']).to.equal('no-referrer')
  expect(answer.headers['content-security-policy'])
    .to.include("default-src 'none'")
    .and.include("frame-ancestors 'none'")
}

/** What a person's browser does on the way to Dexcom and back. */
export function aBrowser(api: TestApi) {
  const browse = (path: string, cookie?: string) => api.ask(path, { token: null, headers: cookie ? { cookie } : {} })
  return {
    browse,
    /** Has an address asked for, and opens it. */
    async begin(body: object = {}) {
      const created = await api.ask('/api/bg/alice/connection', { method: 'POST', body })
      const { pathname } = new URL(String(created.json.authorizationUrl))
      const started = await browse(pathname)
      const dexcom = new URL(String(started.headers.location))
      const cookie = cookieOf(started).split(';')[0] ?? ''
      return { pathname, started, dexcom, cookie, state: dexcom.searchParams.get('state') ?? '' }
    },
    callback: (query: Record<string, string>, cookie?: string) =>
      browse(`/oauth/callback?${new URLSearchParams(query)}`, cookie),
  }
}
