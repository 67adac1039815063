import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { errorOf, REDIRECT, type Tokens, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'

describe('dexcom simulator', () => {
  let at: Visitor
  beforeEach(async () => {
    at = await visitSimulator()
  })
  afterEach(() => at.simulator.stop())

  describe('login', () => {
    it('shows a page, and sends the browser back with a code and the state', async () => {
      const shown = await at.login({})
      expect(shown.status).to.equal(200)
      expect(shown.headers.get('content-type')).to.include('text/html')
      expect(await shown.text()).to.include('<option>ada</option>')
      const back = new URL((await at.login({ __user: 'ada' })).headers.get('location') ?? '')
      expect(`${back.origin}${back.pathname}`).to.equal(REDIRECT)
      expect(back.searchParams.get('code')).to.match(/^US_/)
      expect(back.searchParams.get('state')).to.equal('s1')
    })

    it('echoes no state that was not sent, and works under /v2 too', async () => {
      const url = at.loginUrl({ __user: 'ada', state: null }).href.replace('/v3/', '/v2/')
      const response = await fetch(url, { redirect: 'manual' })
      expect(response.status).to.equal(302)
      expect(new URL(response.headers.get('location') ?? '').searchParams.has('state')).to.equal(false)
    })

    it('sends a denial back', async () => {
      const denied = await at.login({ __user: 'ada', __deny: '1' })
      expect(denied.headers.get('location')).to.equal(`${REDIRECT}?error=access_denied&state=s1`)
    })

    it('does not send the browser to a place that is not registered', async () => {
      for (const bad of [
        { client_id: 'other' },
        { redirect_uri: `${REDIRECT}/` },
        { redirect_uri: null },
        { __user: 'zoe' },
      ]) {
        const response = await at.login({ __user: 'ada', ...bad })
        expect(response.status).to.equal(400)
        expect(response.headers.has('location')).to.equal(false)
        expect(response.headers.get('content-type')).to.include('text/html')
      }
    })

    it('refuses another response type or scope', async () => {
      const error = async (more: Record<string, string>) =>
        new URL((await at.login({ __user: 'ada', ...more })).headers.get('location') ?? '').searchParams.get('error')
      expect(await error({ response_type: 'token' })).to.equal('unsupported_response_type')
      expect(await error({ scope: 'offline_access egv' })).to.equal('invalid_scope')
    })
  })

  describe('token', () => {
    it('answers in the documented shape', async () => {
      const response = await at.exchange('ada')
      expect(response.status).to.equal(200)
      const tokens = (await response.json()) as Record<string, unknown>
      expect(Object.keys(tokens)).to.deep.equal(
        'access_token expires_in token_type refresh_token refresh_expires_in not-before-policy session_state'.split(
          ' ',
        ),
      )
      expect(tokens).to.include({ expires_in: 7200, token_type: 'Bearer', refresh_expires_in: 0 })
      expect(tokens['not-before-policy']).to.equal('1726871301,')
    })

    it('rotates: each refresh token works once, under /v2 and /v3 alike', async () => {
      const first = await at.connect('ada')
      const refreshed = await at.post({ grant_type: 'refresh_token', refresh_token: first.refresh_token }, 'v2')
      const second = (await refreshed.json()) as Tokens
      expect(second.refresh_token).not.to.equal(first.refresh_token)
      expect(await errorOf(await at.refresh(first.refresh_token))).to.deep.equal([400, '{"error":"invalid_grant"}'])
      expect((await at.refresh(second.refresh_token)).status).to.equal(200)
    })

    it('names each error, and nothing else', async () => {
      const { baseUrl } = at.simulator
      const json = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"grant_type":"refresh_token"}',
      }
      const spent = await at.code('ada')
      const withCode = (code: string, redirect_uri = REDIRECT) =>
        at.post({ grant_type: 'authorization_code', code, redirect_uri })
      await withCode(spent)
      const cases: readonly [Promise<Response>, number, string][] = [
        [fetch(`${baseUrl}/v3/oauth2/token`, json), 400, 'invalid_request'],
        [at.post({}), 400, 'invalid_request'],
        [at.post({ grant_type: 'refresh_token' }), 400, 'invalid_request'],
        [at.post({ grant_type: 'authorization_code', code: 'x' }), 400, 'invalid_request'],
        [at.post({ grant_type: 'client_credentials' }), 400, 'unsupported_grant_type'],
        [at.post({ grant_type: 'refresh_token', refresh_token: 'x', client_secret: 'wrong' }), 401, 'invalid_client'],
        [at.post({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'wrong' }), 401, 'invalid_client'],
        [at.refresh('unknown'), 400, 'invalid_grant'],
        [withCode('unknown'), 400, 'invalid_grant'],
        [withCode(spent), 400, 'invalid_grant'],
        [withCode(await at.code('ada'), 'http://localhost:5001/x/oauth/callback'), 400, 'invalid_grant'],
      ]
      for (const [response, status, error] of cases) {
        expect(await errorOf(await response)).to.deep.equal([status, JSON.stringify({ error })])
      }
    })

    it('kills the session on reuse where that is asked for', async () => {
      await at.simulator.stop()
      at = await visitSimulator({ refreshReuse: 'strict-family' })
      const first = await at.connect('ada')
      const second = (await (await at.refresh(first.refresh_token)).json()) as Tokens
      await at.refresh(first.refresh_token)
      expect((await at.get('devices', second.access_token)).status).to.equal(401)
      expect((await at.refresh(second.refresh_token)).status).to.equal(400)
    })
  })
})

describe('dexcom simulator as a program', () => {
  const main = path.resolve(import.meta.dirname, '../../packages/dexcom-simulator/src/main.ts')
  const run = (...args: string[]) =>
    spawn(process.execPath, ['--conditions=source', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

  it('says where it listens, answers there, and ends on SIGTERM', async () => {
    const child = run('--port', '0')
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const baseUrl = /http:\/\/127\.0\.0\.1:\d+$/.exec(line)?.[0]
    const { users } = (await (await fetch(`${baseUrl}/__sim/users`)).json()) as { users: unknown[] }
    expect(users).to.have.lengthOf(4)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).to.deep.equal([0, null])
  })

  it('explains itself, and refuses what it does not know', async () => {
    const help = run('--help')
    const [text] = (await once(help.stdout, 'data')) as [Buffer]
    expect(text.toString()).to.include('Usage:')
    const bad = run('--sped', '3')
    expect(await once(bad, 'exit')).to.deep.equal([1, null])
  })
})
