import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '@bg-ingest/domain'
import * as z from 'zod'
import { loadHall2018, loadNightscout } from './replay.ts'
import { GeneratedUser, ReplayUser, type SimulatedUser } from './users.ts'

/** A replayed user may name a file, relative to the users file, in place of readings. */
const FileUser = ReplayUser.omit({ readings: true }).extend({
  file: z.string(),
  format: z.enum(['hall2018', 'nightscout']),
  /** Which person of a Hall 2018 table, and how many days of it. */
  id: z.string().optional(),
  days: z.number().positive().optional(),
})
const UsersFile = z.array(z.union([GeneratedUser, ReplayUser, FileUser])).min(1)

/** Reads the users of a simulator from JSON. Throws invalid_request with what is wrong and where. */
export async function readUsersFile(file: string): Promise<SimulatedUser[]> {
  const parsed = UsersFile.safeParse(JSON.parse(await readFile(file, 'utf8')))
  if (!parsed.success) throw new AppError('invalid_request', `Users file: ${z.prettifyError(parsed.error)}`)
  return Promise.all(parsed.data.map((user) => ('file' in user ? replayed(user, path.dirname(file)) : user)))
}

async function replayed(user: z.infer<typeof FileUser>, folder: string): Promise<SimulatedUser> {
  const { file, format, id = '', days, ...common } = user
  const text = await readFile(path.resolve(folder, file), 'utf8')
  const readings =
    format === 'nightscout' ? loadNightscout(text) : loadHall2018(text, id, days === undefined ? {} : { days })
  return { ...common, readings }
}
