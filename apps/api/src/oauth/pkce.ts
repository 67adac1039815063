import { hash } from 'node:crypto'

/**
 * The code_verifier of an attempt (RFC 7636), drawn from the secret in its browser's cookie: nothing more has to be kept,
 * and whoever reads our Redis cannot spend a stolen code. SHA-256 in base64url has the 43 characters that it needs.
 */
export const codeVerifier = (browserSecret: string): string => hash('sha256', `pkce ${browserSecret}`, 'base64url')

/** S256: what Dexcom is told at the start. */
export const codeChallenge = (verifier: string): string => hash('sha256', verifier, 'base64url')
