/** The goals of the project's performance page, by number: which benchmark measures each, and the lines of it that count. */
export const GOALS: readonly { readonly number: number; readonly bench: string; readonly about: string }[] = [
  { number: 1, bench: 'api-chain', about: 'the newest reading with everything on, against bare express and node:http' },
  { number: 2, bench: 'api-tail', about: '1,000 clients, one request a second each' },
  { number: 3, bench: 'api-overload', about: 'ten times what the API can do' },
  { number: 4, bench: 'sync-cpu', about: 'CPU of a whole sync' },
  { number: 5, bench: 'write-units', about: 'DynamoDB units of a day of polls and of history' },
  { number: 6, bench: 'dexcom-budget', about: 'the call budget, shared by 20,000 people' },
  { number: 7, bench: 'limiter', about: 'the call budget while processes and Redis die' },
  { number: 8, bench: 'trigger', about: 'from a webhook to its event' },
  { number: 9, bench: 'schedule', about: '100,000 schedules' },
  { number: 10, bench: 'import', about: 'import of history' },
  { number: 11, bench: 'validate', about: 'a page of records from text to measurements' },
  { number: 12, bench: 'range', about: 'a page of a day' },
]
