import { loadApiConfig } from '@bg-ingest/config'
import { developmentSecrets } from '@bg-ingest/demo'
import { expect } from 'chai'

describe('demo: secrets', () => {
  it('are what the processes take, new for each run', () => {
    const [one, two] = [developmentSecrets({}), developmentSecrets({})]
    const config = loadApiConfig({ ...one, DEXCOM_CLIENT_ID: 'x' }, '24.21.0')
    expect(config.encryption.keys.reveal()).to.have.length(1)
    expect(config.jwt.key.kind).to.equal('secret')
    for (const name of Object.keys(one)) expect(one[name]).not.to.equal(two[name])
    expect(Object.keys(one)).to.have.members(['JWT_SECRET', 'ENCRYPTION_KEYS', 'WEBHOOK_SECRETS', 'OPERATOR_PASSWORD'])
  })

  it('of the environment are kept; an empty one counts as unset', () => {
    const given = developmentSecrets({ JWT_SECRET: 'given', ENCRYPTION_KEYS: '' })
    expect(given.JWT_SECRET).to.equal('given')
    expect(given.ENCRYPTION_KEYS).to.match(/^dev:[\w+/]{43}=$/)
  })

  it('are refused beside a key that only verifies, since the demo signs tokens', () => {
    for (const env of [
      { JWT_PUBLIC_KEY: 'pem' },
      { JWT_JWKS_URL: 'https://id.example' },
      { JWT_PUBLIC_KEY: '', JWT_JWKS_URL: 'x' },
    ])
      expect(() => developmentSecrets(env)).to.throw('set JWT_SECRET instead')
    expect(() => developmentSecrets({ JWT_PUBLIC_KEY: '', JWT_JWKS_URL: '' })).not.to.throw()
  })
})
