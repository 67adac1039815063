// A part of the gate for its simulation under a virtual clock (test/bench); nobody else imports this.
export { createLocalShare } from './local-share.ts'
export { createTurnstile } from './turnstile.ts'
