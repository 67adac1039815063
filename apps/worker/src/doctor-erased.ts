import { REGISTRY_SHARDS, type UserId } from '@bg-ingest/domain'
import { ErasureReceipt, type ErasureReceipts } from '@bg-ingest/security'
import type { UserRegistry } from '@bg-ingest/store/write'
import type { Line, Report } from './doctor-report.ts'

export interface ErasedNeeds {
  readonly receipts: Pick<ErasureReceipts, 'isAuthentic' | 'isAbout'>
  readonly registry: Pick<UserRegistry, 'shard'>
  /** When the person's present connection was made; null where there is none. */
  readonly connectedAt: (userId: UserId) => Promise<string | null>
  /** Has somebody erased again; null only looks. */
  readonly erase: ((userId: UserId) => Promise<string>) | null
  readonly hashUser: (userId: UserId) => string
}

/** Receipts out of lines: each a receipt, or a line of the log that holds one. What is none, or not ours, counts as refused. */
function readReceipts(text: string, { isAuthentic }: Pick<ErasureReceipts, 'isAuthentic'>) {
  const receipts: ErasureReceipt[] = []
  let refused = 0
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const receipt = readReceipt(line)
    if (receipt && isAuthentic(receipt)) receipts.push(receipt)
    else refused += 1
  }
  return { receipts, refused }
}

/** Null for what is no receipt. */
export function readReceipt(text: string): ErasureReceipt | null {
  try {
    const value: unknown = JSON.parse(text)
    const inner = typeof value === 'object' && value !== null && 'receipt' in value ? value.receipt : value
    return ErasureReceipt.safeParse(inner).data ?? null
  } catch {
    return null // NOTE: whatever else it is, it is no receipt
  }
}

/**
 * Who of the erased is there again, as after a restore of a backup that was older than the erasure. Receipts name people by
 * keyed hashes, so everybody in the registry is compared; who has connected again after the erasure stays.
 */
export async function findErased(needs: ErasedNeeds, text: string): Promise<Report> {
  const { receipts, refused } = readReceipts(text, needs.receipts)
  const lines: Line[] = []
  let people = 0
  for (const shard of REGISTRY_SHARDS)
    for (const { userId } of await needs.registry.shard(shard)) {
      people += 1
      const about = receipts.filter((receipt) => needs.receipts.isAbout(receipt, userId))
      const connectedAt = await (about.length > 0 ? needs.connectedAt(userId) : null)
      const isBack = connectedAt !== null && about.every(({ at }) => connectedAt > at)
      if (about.length === 0 || isBack) continue
      const repaired = needs.erase ? await needs.erase(userId) : null
      lines.push({ user: needs.hashUser(userId), finding: 'erased_data', count: 1, repaired })
    }
  const unseen = refused > 0 ? [{ user: '-', what: `${refused} lines hold no receipt of ours` }] : []
  return { people, lines, unseen }
}
