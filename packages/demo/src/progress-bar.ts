import type { Progress } from './watch-history.ts'

const WIDTH = 30

interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Draws one line over itself on a terminal; elsewhere a line for each further tenth. */
export function createProgressBar(terminal: Terminal): (progress: Progress) => void {
  let lastTenth = -1
  return ({ percent, readings }) => {
    const filled = Math.round((percent / 100) * WIDTH)
    const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`
    const text = `  history [${bar}] ${String(percent).padStart(3)} %  ${readings} readings`
    const done = percent === 100
    if (terminal.isTTY) return void terminal.write(`\r${text}${done ? '\n' : ''}`)
    const tenth = Math.floor(percent / 10)
    if (tenth === lastTenth) return
    lastTenth = tenth
    terminal.write(`${text}\n`)
  }
}
