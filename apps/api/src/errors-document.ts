import { ERROR_CODES, type ErrorCode } from '@bg-ingest/domain'

interface Explained {
  /** Answered by this API, or met only where the work of a worker is told. */
  readonly seen: 'answer' | 'work'
  readonly meaning: string
  /** What whoever meets it should do. */
  readonly action: string
}

/** What each code means to whoever meets it. A code without an entry does not compile. */
const EXPLAINED: Readonly<Record<ErrorCode, Explained>> = {
  invalid_request: {
    seen: 'answer',
    meaning: 'A parameter, a header or the body is not as the operation takes it; `errors` names what.',
    action: 'Correct the call.',
  },
  unauthorized: {
    seen: 'answer',
    meaning: 'There is no bearer token, or it is expired, signed by another key or made for another audience.',
    action: 'Call again with a new token.',
  },
  forbidden: {
    seen: 'answer',
    meaning: 'The token is good, but its scope or its person is another. The same whether that person exists or not.',
    action: 'Use a token with the scope of the operation, for this person.',
  },
  not_found: {
    seen: 'answer',
    meaning: 'There is nothing at this address, or no such job of this person any more.',
    action: 'Correct the address; ask for a new sync.',
  },
  no_readings: {
    seen: 'answer',
    meaning: 'Nothing measured by a sensor is stored of this person.',
    action: 'Look at the connection: is it connected, has its history come in?',
  },
  method_not_allowed: {
    seen: 'answer',
    meaning: 'The address exists, with other methods.',
    action: 'Take one of those in the header `Allow`.',
  },
  not_acceptable: {
    seen: 'answer',
    meaning: 'The header `Accept` admits none of the formats that the operation has.',
    action: 'Accept `application/json`, or one of the others that docs/api.md names.',
  },
  not_connected: {
    seen: 'answer',
    meaning: 'This person has never been connected, was disconnected, or has to connect again.',
    action: 'Have the person connect.',
  },
  payload_too_large: { seen: 'answer', meaning: 'The body is larger than 100 kB.', action: 'Send less.' },
  unsupported_media_type: {
    seen: 'answer',
    meaning: 'The body is not `application/json` in UTF-8.',
    action: 'Send JSON, with its `Content-Type`.',
  },
  rate_limited: {
    seen: 'answer',
    meaning: 'Too many calls of this caller or address, or too many refused tokens.',
    action: 'Wait as long as `Retry-After` says; `RateLimit` and `RateLimit-Policy` say how much is left of what.',
  },
  service_unavailable: {
    seen: 'answer',
    meaning: 'Something this call needs is away: the store for reads, the queue for syncs and connections.',
    action: 'Call again; asking twice does no harm.',
  },
  internal_error: {
    seen: 'answer',
    meaning: 'A fault on our side; the answer has no further words, the log has, under `requestId`.',
    action: 'Call again; tell the operator the `requestId` if it stays.',
  },

  needs_reauth: {
    seen: 'work',
    meaning: 'Dexcom no longer accepts the authorization. Polls have ended, and Dexcom is not asked any more.',
    action: 'Have the person connect again.',
  },
  authorization_failed: {
    seen: 'work',
    meaning: 'Dexcom did not accept what the person brought back from its login. An earlier connection is as it was.',
    action: 'Have the person start again.',
  },
  wrong_account: {
    seen: 'work',
    meaning: "The person came back with another Dexcom account than before. Two accounts' data are never mixed.",
    action: 'Erase the person first, or connect the old account.',
  },
  token_unreadable: {
    seen: 'work',
    meaning: 'The stored tokens cannot be decrypted.',
    action: 'Operator: `ENCRYPTION_KEYS` lacks the key they were encrypted with.',
  },
  upstream_misconfigured: {
    seen: 'work',
    meaning: 'Dexcom refuses this application.',
    action: 'Operator: check client id, secret and redirect URI of the region.',
  },
  upstream_unauthorized: {
    seen: 'work',
    meaning: 'Dexcom does not accept the access token, not even a fresh one.',
    action: 'Wait; if it stays, have the person connect again.',
  },
  upstream_not_offered: {
    seen: 'work',
    meaning: 'Dexcom does not offer this kind of record to this person.',
    action: 'Nothing; the other kinds are fetched.',
  },
  upstream_rejected: {
    seen: 'work',
    meaning: 'Dexcom refused the request.',
    action: 'Operator: see the log of the job.',
  },
  upstream_rate_limited: {
    seen: 'work',
    meaning: 'Dexcom limits our calls; the job waits as long as Dexcom says.',
    action: 'Wait. Operator: is `DEXCOM_RATE_LIMIT_PER_HOUR` above what Dexcom grants?',
  },
  upstream_unavailable: {
    seen: 'work',
    meaning: 'Dexcom cannot be reached, or answers with a fault.',
    action: 'Wait.',
  },
  upstream_outcome_unknown: {
    seen: 'work',
    meaning: 'Dexcom got a token request and its answer was lost.',
    action: 'Wait; at worst the person has to connect again.',
  },
  upstream_invalid: { seen: 'work', meaning: 'Dexcom sent something unreadable.', action: 'Wait.' },
  lease_taken: { seen: 'work', meaning: 'Another run works on this person.', action: 'Wait.' },
  lease_lost: { seen: 'work', meaning: 'A run took too long and gave way to another.', action: 'Wait.' },
}

/** What a code means, in a sentence or two. */
export const meaningOf = (code: ErrorCode): string => EXPLAINED[code].meaning

const CODES = Object.keys(ERROR_CODES) as ErrorCode[]

const seenAs = (seen: Explained['seen']) => CODES.filter((code) => EXPLAINED[code].seen === seen)

/** Every code that the API itself answers with. */
export const ANSWERED = seenAs('answer') as [ErrorCode, ...ErrorCode[]]

/** What each of them means, as a table. */
export const answeredTable = (): string =>
  `| code | status | again? | meaning | what to do |
|---|---|---|---|---|
${ANSWERED.map(answerRow).join('\n')}`

/** Codes of `problem`, which workers write (packages/ingest); a test finds one that is missing here. */
const PROBLEMS: Readonly<Record<string, readonly [meaning: string, action: string]>> = {
  needs_reauth: ['Dexcom no longer accepts the authorization.', 'Have the person connect again.'],
  consent_missing: [
    'Dexcom does not share sensor readings of this account.',
    'Have the person connect again and allow them, in the region where the account was made.',
  ],
  wrong_account: [
    'Dexcom answered with data of another account; nothing of it was stored.',
    'Have the person connect again.',
  ],
  unauthorized: [
    'Dexcom refuses a token that it has just granted.',
    'Wait; if it stays, have the person connect again.',
  ],
  key_missing: [
    'The stored tokens cannot be decrypted.',
    'Operator: `ENCRYPTION_KEYS` lacks the key they were encrypted with.',
  ],
  upstream_misconfigured: [
    'Dexcom refuses this application.',
    'Operator: check client id, secret and redirect URI of the region.',
  ],
  parked: [
    'Fetching for this person ended the worker several times; nobody polls.',
    'Operator: find out why, then release.',
  ],
  erasing: [
    'Everything stored of this person is being deleted.',
    'Wait until it is gone, before the person connects again.',
  ],
}

/** The text of `docs/errors.md`. */
export function renderErrorsDocument(): string {
  return `# Errors
Written by \`pnpm --filter @bg-ingest/api generate\` from packages/domain/src/errors.ts; do not edit.

Every error of the API is \`application/problem+json\` (RFC 9457). Switch on \`code\`, which never changes its meaning; \`title\` and
\`detail\` are for people and may change. \`requestId\` is the \`X-Request-Id\` of the answer, and finds the call in our log.

\`\`\`json
{
  "type": "urn:bg-ingest:problem:invalid_request",
  "title": "Invalid request",
  "status": 400,
  "detail": "The request does not match the contract",
  "code": "invalid_request",
  "requestId": "0f1c3b52-6d0e-4d0c-9f3b-0f6a3a1f5f0e",
  "errors": [{ "pointer": "limit", "detail": "must be at most 1000" }]
}
\`\`\`

\`errors\` is there with 400 only. A \`pointer\` is the name of a path, query or header parameter, or a JSON Pointer into the body.

## What the API answers

${answeredTable()}

"With backoff" is: after a second, then twice as long each time up to a minute, each with some chance in it.

## What else a sync or a connection may say

In \`error\` of a sync, in \`problem\` of a connection and in the event \`sync.failed\`. A worker tries again by itself where the table
says so, and tells only what it has given up; the next poll begins anew. Of the codes above \`internal_error\`,
\`service_unavailable\` and \`not_connected\` may stand there too.

| code | tried again | meaning | what to do |
|---|---|---|---|
${seenAs('work').map(workRow).join('\n')}

## What is wrong with a connection

\`problem\` of a connection is null, or one of these; but for \`needs_reauth\`, \`parked\` and \`erasing\` it is gone with the next success.

| code | meaning | what to do |
|---|---|---|
${Object.entries(PROBLEMS)
  .map(([code, [meaning, action]]) => `| \`${code}\` | ${meaning} | ${action} |`)
  .join('\n')}
`
}

function answerRow(code: ErrorCode): string {
  const { status } = ERROR_CODES[code]
  const { meaning, action } = EXPLAINED[code]
  return `| \`${code}\` | ${status} | ${again(code)} | ${meaning} | ${action} |`
}

function again(code: ErrorCode): string {
  const { status, retry } = ERROR_CODES[code]
  if (retry === 'never') return 'no'
  return status === 503 || status === 429 ? 'after `Retry-After`' : 'with backoff'
}

function workRow(code: ErrorCode): string {
  const { meaning, action } = EXPLAINED[code]
  return `| \`${code}\` | ${ERROR_CODES[code].retry === 'later' ? 'yes' : 'no'} | ${meaning} | ${action} |`
}
