import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Frame } from './cpu-profile.ts'
import type { Look, Question } from './watched-process.ts'

/** A process under test, which tells what it uses. */
export interface Watched {
  /** Everything it has written so far. */
  output(): string
  look(): Promise<Look>
  /** CPU that it uses while this runs, in microseconds. */
  cpuOf(work: () => Promise<unknown>): Promise<number>
  /** The costliest functions while this runs. */
  profile(work: () => Promise<unknown>): Promise<readonly Frame[]>
  stop(): Promise<void>
}

const PRELOAD = new URL('./watched-process.ts', import.meta.url).href

export function startWatched(file: URL, args: readonly string[], env: Readonly<Record<string, string>> = {}): Watched {
  const child: ChildProcess = fork(file, [...args], {
    execArgv: ['--conditions=source', '--import', PRELOAD],
    env: { PATH: process.env.PATH, TZ: process.env.TZ, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      written += text
    })
  const exited = once(child, 'exit')
  const ask = async <T>(question: Question): Promise<T> => {
    const ended = exited.then(() => Promise.reject(new Error(`the process ended:\n${written.slice(-2_000)}`)))
    ended.catch(() => undefined)
    const answered = once(child, 'message')
    child.send(question)
    const [answer] = (await Promise.race([answered, ended])) as [T]
    return answer
  }
  return {
    output: () => written,
    look: () => ask('look'),
    async cpuOf(work) {
      const before = await ask<Look>('look')
      await work()
      return (await ask<Look>('look')).cpuUs - before.cpuUs
    },
    async profile(work) {
      await ask('profile')
      await work()
      return ask('frames')
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
  }
}
