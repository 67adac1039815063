import type { Rule } from './concern.ts'

/** Refuses plain http for every variable whose name fits, but only with NODE_ENV=production: development runs on localhost. */
export const httpsInProduction =
  (names: RegExp): Rule =>
  (env) =>
    env.NODE_ENV === 'production'
      ? Object.entries(env)
          .filter(([name, value]) => names.test(name) && /^http:/i.test(value ?? ''))
          .map(([name]) => ({ name, detail: 'must be https with NODE_ENV=production' }))
      : []
