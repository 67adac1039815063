import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '@bg-ingest/domain'
import * as z from 'zod'
import { loadHall2018, loadNightscout } from './replay.ts'
import { ReplayUser, SimulatedUser } from './users.ts'

/** A replayed user may name a file, relative to the users file, in place of readings. */
const FileUser = ReplayUser.omit({ readings: true }).extend({
  file: z.string(),
  format: z.enum(['hall2018', 'nightscout']),
  /** Which person of a Hall 2018 table, and how many days of it. */
  id: z.string().optional(),
  days: z.number().positive().optional(),
})
const UsersFile = z.array(z.unknown()).min(1)

/** Reads the users of a simulator from JSON. Throws invalid_request with what is wrong and where. */
export async function readUsersFile(file: string): Promise<SimulatedUser[]> {
  const users = checked(UsersFile, parseJson(await readFile(file, 'utf8')), 'Users file')
  return Promise.all(users.map((user, i) => toUser(user, `Users file, user ${i}`, path.dirname(file))))
}

/** One schema for each entry, so that what is wrong is said of the kind of user that was meant. */
function toUser(user: unknown, place: string, folder: string): SimulatedUser | Promise<SimulatedUser> {
  const namesFile = typeof user === 'object' && user !== null && 'file' in user
  return namesFile ? replayed(checked(FileUser, user, place), folder) : checked(SimulatedUser, user, place)
}

async function replayed(user: z.infer<typeof FileUser>, folder: string): Promise<SimulatedUser> {
  const { file, format, id = '', days, ...common } = user
  const text = await readFile(path.resolve(folder, file), 'utf8')
  const readings =
    format === 'nightscout' ? loadNightscout(text) : loadHall2018(text, id, days === undefined ? {} : { days })
  return { ...common, readings }
}

function checked<T>(schema: z.ZodType<T>, given: unknown, place: string): T {
  const parsed = schema.safeParse(given)
  if (!parsed.success) throw new AppError('invalid_request', `${place}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (err) {
    throw new AppError('invalid_request', 'Users file: not JSON', { cause: err })
  }
}
