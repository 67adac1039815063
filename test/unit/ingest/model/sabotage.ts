import type { Ports } from '@bg-ingest/ingest'
import type { Sabotage } from './play.ts'

const withAccounts = (ports: Ports, accounts: Partial<Ports['accounts']>): Ports => ({
  ...ports,
  accounts: { ...ports.accounts, ...accounts },
})
const withReadings = (ports: Ports, readings: Partial<Ports['readings']>): Ports => ({
  ...ports,
  readings: { ...ports.readings, ...readings },
})

/** The mechanism with one part taken out. The model has to notice each of them, or it proves nothing. */
export const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'the log: claims are not kept': (ports) => withAccounts(ports, { appendRanges: async () => undefined }),
  'the adoption: nobody looks for claims': (ports) => withAccounts(ports, { rangesAfter: async () => [] }),
  'the void markers: adopted keys are not sealed': (ports) => withReadings(ports, { seal: async () => undefined }),
  'the lease: everybody gets it': (ports, db) =>
    withAccounts(ports, {
      takeLease: (...args) => {
        db.leaseId = null
        return ports.accounts.takeLease(...args)
      },
    }),
  'the deadline: who was frozen goes on': (ports) => ({
    ...ports,
    clock: { ...ports.clock, monotonic: () => 0, later: () => () => undefined },
  }),
  'the fence: it does not grow': (ports, db) =>
    withAccounts(ports, {
      async takeLease(...args) {
        const taken = await ports.accounts.takeLease(...args)
        db.fence = 1
        return taken && { ...taken, fence: 1 }
      },
    }),
  'the condition of a put': (ports) =>
    withReadings(ports, {
      write: (lease, readings, stillHeld) => ports.readings.writeAbsent(lease, readings, stillHeld),
    }),
  'the bond of a digest to its run': (ports, db) => {
    const { digests } = ports
    if (!digests) return ports
    const read: typeof digests.read = async (userId) => {
      const digest = await digests.read(userId)
      return digest && { ...digest, run: db.finished[0] ?? '', committed: db.state.committedSequence }
    }
    return { ...ports, digests: { ...digests, read } }
  },
}
