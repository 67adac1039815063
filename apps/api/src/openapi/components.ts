import { answeredTable } from '../errors-document.ts'

/** Headers of answers, by name. */
export const headers = {
  'X-Request-Id': {
    description:
      'Your own, where you sent one of 1 to 128 of `A-Z a-z 0-9 . _ -`; else a new one. Our log names the call by it.',
    schema: { type: 'string' },
  },
  RateLimit: {
    description:
      'What is left, and for how many seconds (draft-ietf-httpapi-ratelimit-headers-08): `"user"; r=299; t=60`.',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'What is allowed in which window of seconds: `"user"; q=300; w=60`. `address` and `user` count apart.',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'Seconds after which to call again.', schema: { type: 'integer', minimum: 1 } },
  'WWW-Authenticate': { description: 'Which proof is missing.', schema: { type: 'string' } },
  ETag: { description: 'Strong. Send it as `If-None-Match` to be told 304.', schema: { type: 'string' } },
  Link: { description: 'The next page, `rel="next"`, where there is one.', schema: { type: 'string' } },
  Location: {
    description: 'Where to go on: the status of a job, or where a browser is led.',
    schema: { type: 'string' },
  },
  'Set-Cookie': { description: 'Ties an attempt to connect to one browser.', schema: { type: 'string' } },
} as const

export const securitySchemes = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'Of your identity provider. `sub` is the person in the path, or the token has the scope `bg:any-user` besides; `aud` names this service; `exp` is required.',
  },
  senderToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: "A webhook sender's token: scope `bg:webhook`, with the webhook's own audience.",
  },
  webhookSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'webhook-signature',
    description:
      'Standard Webhooks: `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, with `webhook-id` and `webhook-timestamp` (within 300 s).',
  },
} as const

export const tags = [
  { name: 'readings', description: 'What is stored of a person.' },
  { name: 'sync', description: 'Fetching from Dexcom, asked for or announced.' },
  { name: 'connection', description: 'Whether, and how, we may read a person at Dexcom.' },
  { name: 'service', description: 'For probes, Prometheus and whoever writes a client.' },
] as const

export const DESCRIPTION = `Blood-glucose readings from Dexcom's cloud. **This is no alarm system**: readings come one to three hours late.

Instants are RFC 3339 in UTC with milliseconds. Unknown parameters and fields are refused.

# Authentication

\`Authorization: Bearer <JWT>\` of your identity provider, signed with the configured key, with \`exp\` and this service among its \`aud\`;
clocks may differ by a minute. \`sub\` is the person in the path, or the token has \`bg:any-user\` besides. Scopes: \`bg:read\` for readings,
\`bg:sync\` for syncs, \`bg:connect\` for connections, \`bg:webhook\` for senders of webhooks. 401 is decided before 403, both before anything
is validated; an address with a method it does not have is 405 with \`Allow\`, whoever asks.

# Limits

Calls are counted by address before the token is looked at (1000 a minute, IPv6 by /56), and by caller (\`sub\`) after (300 a minute); refused
tokens by address as well (10 a minute); deliveries by sender (1000 a minute). Operators may set others: \`RateLimit-Policy\` and \`RateLimit\` say
what holds and what is left. Beyond: 429 with \`Retry-After\`. A busy service sheds writes and large ranges first: 503 with \`Retry-After\`. While
the counter is away reads go on and everything else is 503. Bodies: 100 kB, deliveries 256 kB. Addresses: 2 kB. Headers: 16 kB.

# Formats

Lists are JSON, CSV (RFC 4180) or NDJSON, as \`Accept\` says; with the latter two \`limit=all\` streams every page.

# Errors

Every error is \`application/problem+json\` (RFC 9457). Switch on \`code\`:

${answeredTable()}`
