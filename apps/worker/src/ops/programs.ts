import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { extname, join } from 'node:path'

export interface Program {
  readonly name: string
  readonly summary: string
  /** Its file, seen from the folder of this command, without its extension. */
  readonly path: string
}

/** Commands that are programs of their own, with arguments and help of their own. */
export const programs: readonly Program[] = [
  { name: 'doctor', path: 'doctor', summary: 'find what does not fit together, and repair what is safe' },
  { name: 'republish', path: 'republish', summary: "tell the broker a person's events once more" },
  { name: 'provision', path: 'provision', summary: 'create or update the tables' },
  { name: 'token', path: '../../api/dist/token', summary: 'print a JWT for development' },
]

const CANNOT_RUN = 2

/** Runs a program in this one's place and answers its exit code. */
export async function runProgram(
  { name, path }: Program,
  args: readonly string[],
  main: string,
  say: (line: string) => void,
): Promise<number> {
  const file = join(main, '..', `${path}${extname(main)}`)
  if (!existsSync(file)) {
    say(`${name} is not part of this image; run it where the whole repository is built`)
    return CANNOT_RUN
  }
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  return code ?? CANNOT_RUN
}
