import * as z from 'zod'
import { Quirks } from './quirks.ts'

const LastSync = z.strictObject({
  basis: z.enum(['upload', 'systemTime']).optional(),
  zone: z.enum(['required', 'optional']).optional(),
  /** What a lastSyncTime of more than 100 days ago gets: Dexcom's answer was seen to be wrong (dexcom-api.md 3.4). */
  old: z.enum(['right', 'everything', 'nulls']).optional(),
})
export type LastSync = Readonly<z.infer<typeof LastSync>>

/** How Dexcom tells it, where nothing public decides: docs/simulator.md, "Answers". */
export const ANSWER_OPTIONS = {
  bounds: z.enum(['half-open', 'closed']).optional(),
  refusalBody: z.enum(['text', 'empty', 'json', 'html']).optional(),
  order: z.enum(['newest-first', 'oldest-first', 'shuffled']).optional(),
  /** Share of the records of a page that stand in it twice. */
  repeats: z.number().min(0).max(1).optional(),
  lastSync: LastSync.optional(),
  delayFrom: z.enum(['measured', 'systemTime', 'upload']).optional(),
  recordIds: z.enum(['stable', 'per-grant', 'per-call']).optional(),
  updatedEventId: z.enum(['same', 'new', 'new-and-deleted']).optional(),
  answersAs: z.string().min(1).optional(),
  hidesDevices: z.boolean().optional(),
  quirks: Quirks.optional(),
}

const Answers = z.strictObject(ANSWER_OPTIONS)
export type Answers = Readonly<z.infer<typeof Answers>>
