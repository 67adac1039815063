/**
 * Ids of our jobs are `<chain>_<n>`. The run that follows on a running job `<chain>_<n>` is `<chain>_<n + 1>`, so that
 * everybody who asks for it while that job runs can name it, before it exists.
 */
const JOB_ID = /^([A-Za-z0-9-]{1,64})_(0|[1-9]\d{0,8})$/

function parse(jobId: string): { readonly chain: string; readonly position: number } | null {
  const match = JOB_ID.exec(jobId)
  return match ? { chain: match[1] ?? '', position: Number(match[2]) } : null
}

/** Whether this is an id of ours. Anything else must not reach Redis as a key: `wait` is a list there. */
export const isJobId = (text: string): boolean => parse(text) !== null

export const firstJobId = (chain: string): string => `${chain}_0`

/** The id of the run after this one; null for an id that this package did not make. */
export function followUpOf(jobId: string): string | null {
  const id = parse(jobId)
  return id && `${id.chain}_${id.position + 1}`
}

/** The run that this one follows; null for the first of a chain. */
export function predecessorOf(jobId: string): string | null {
  const id = parse(jobId)
  return id && id.position > 0 ? `${id.chain}_${id.position - 1}` : null
}
