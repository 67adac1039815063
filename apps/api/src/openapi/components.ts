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
  Location: { description: 'Where the status of the job is.', schema: { type: 'string' } },
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
] as const

export const DESCRIPTION = `Blood-glucose readings from Dexcom's cloud. **This is no alarm system**: readings come one to three hours late.

Instants are RFC 3339 in UTC with milliseconds. Unknown parameters and fields are refused. Every error is \`application/problem+json\`
with a stable \`code\`. 401 is decided before 403, both before anything is validated; an address with a method it does not have is
405, whoever asks.

**Limits**: calls are counted by address before the token is looked at, and by caller (\`sub\`) after; refused tokens are counted by
address as well. Beyond a limit: 429 with \`Retry-After\`. A busy service sheds writes and large ranges first: 503 with \`Retry-After\`.
While the counter is away reads go on and everything else is 503.

**Formats**: lists are JSON, CSV (RFC 4180) or NDJSON, as \`Accept\` says; with the latter two \`limit=all\` streams every page.`
