import { readFile } from 'node:fs/promises'
import { AppError } from '@bg-ingest/domain'
import * as z from 'zod'

/** Reads a JSON file by a schema. Throws invalid_request with what is wrong and where. */
export async function readJsonFile<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(file, 'utf8')
  const parsed = schema.safeParse(parse(file, text))
  if (!parsed.success) throw new AppError('invalid_request', `${file}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('invalid_request', `${file} is not JSON`, { cause })
  }
}
