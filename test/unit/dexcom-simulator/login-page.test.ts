import { createClient, loginPage } from '@bg-ingest/dexcom-simulator/parts'
import { expect } from 'chai'

describe('simulator: login page', () => {
  it('escapes what it shows', () => {
    const query = new URLSearchParams({ state: '"><script>alert(1)</script>' })
    const html = loginPage({ query, users: [`<b>O'Neil & "Co"</b>`] })
    expect(html).not.to.include('<script')
    expect(html).to.include('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
    expect(html).to.include('<option>&lt;b&gt;O&#39;Neil &amp; &quot;Co&quot;&lt;/b&gt;</option>')
  })

  it('is a plain GET form with the accounts and a way to say no', () => {
    const html = loginPage({ query: new URLSearchParams(), users: ['ada', 'bob'] })
    expect(html).to.include('<form method="get">').and.to.include('<select id="user" name="__user"')
    expect(html).to.include('<option>ada</option>\n<option>bob</option>').and.to.include('name="__deny"')
  })
})

describe('simulator: redirect URIs', () => {
  const allowed = (uri: string, ...redirectUris: string[]) =>
    createClient({ id: 'app', secret: 's', redirectUris }).isRedirectUri(uri)

  it('are matched letter by letter where some are registered', () => {
    expect(allowed('https://app.example/cb', 'https://app.example/cb')).to.equal(true)
    expect(allowed('https://app.example/cb/', 'https://app.example/cb')).to.equal(false)
    expect(allowed('http://localhost:5001/oauth/callback', 'https://app.example/cb')).to.equal(false)
  })

  it('must else be a loopback URI that ends in /oauth/callback', () => {
    for (const uri of [
      'http://localhost:5001/oauth/callback',
      'http://127.0.0.1/oauth/callback',
      'https://[::1]:8/x/oauth/callback',
    ]) {
      expect(allowed(uri), uri).to.equal(true)
    }
    for (const uri of [
      'http://evil.example/oauth/callback',
      'http://localhost/other',
      'http://localhost.evil.example/oauth/callback',
      'javascript:/oauth/callback',
      '',
      'http://127.0.0.1@evil.example/oauth/callback',
    ]) {
      expect(allowed(uri), uri).to.equal(false)
    }
  })
})
