import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { AppError } from '@bg-ingest/domain'

/** Runs a conditional write; false where its condition did not hold. */
export async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (err) {
    if (err instanceof ConditionalCheckFailedException) return false
    throw err
  }
}

export const leaseLost = () => new AppError('lease_lost', 'Another run has taken over this person')
