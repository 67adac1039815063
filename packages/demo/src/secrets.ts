import { randomBytes } from 'node:crypto'

/** Secrets for one run on one machine; what the environment sets already is kept. */
export function developmentSecrets(env: NodeJS.ProcessEnv): Record<string, string> {
  const made = {
    JWT_SECRET: randomBytes(32).toString('base64url'),
    ENCRYPTION_KEYS: `dev:${randomBytes(32).toString('base64')}`,
    WEBHOOK_SECRETS: `whsec_${randomBytes(24).toString('base64')}`,
    OPERATOR_PASSWORD: randomBytes(9).toString('base64url'),
  }
  const oneOfOthers = env['JWT_PUBLIC_KEY'] || env['JWT_JWKS_URL']
  if (oneOfOthers)
    throw new Error('npm start signs its own tokens: set JWT_SECRET instead of JWT_PUBLIC_KEY or JWT_JWKS_URL')
  return Object.fromEntries(Object.entries(made).map(([name, value]) => [name, env[name] || value]))
}
