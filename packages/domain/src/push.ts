import * as z from 'zod'

/** At most this many records in one push (contract: webhook). */
const MOST_RECORDS = 500

/** A sender says that there is something to fetch. */
export const PushNotice = z.strictObject({ type: z.literal('data.available') }).meta({ id: 'PushNotice' })

/** Readings in Dexcom's own wrapper of /egvs. Records stay as they came: what they hold is the normaliser's to judge. */
export const PushedPage = z
  .strictObject({
    recordType: z.literal('egv'),
    recordVersion: z.string().max(20).optional(),
    userId: z.string().min(1).max(256).meta({ description: "Dexcom's id of the connected account" }),
    records: z.array(z.unknown()).max(MOST_RECORDS),
  })
  .meta({ id: 'PushedPage' })
export type PushedPage = z.infer<typeof PushedPage>
