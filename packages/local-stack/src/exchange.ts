import { createConnection } from 'node:net'

/** A backend that has accepted a connection answers such a question within milliseconds, or is not up yet. */
const ANSWER_WITHIN_MS = 1000

/**
 * Sends bytes to a port of 127.0.0.1 and gives back what came, as soon as `isWhole` agrees with it.
 * Undefined when nobody listens, the peer closes early or stays silent.
 */
export function exchange(
  port: number,
  question: string | Buffer,
  isWhole: (answer: Buffer) => boolean,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0)
    const socket = createConnection({ host: '127.0.0.1', port })
    const finish = (result: Buffer | undefined) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(ANSWER_WITHIN_MS, () => finish(undefined))
    socket.on('connect', () => socket.write(question))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (isWhole(answer)) finish(answer)
    })
    socket.on('error', () => finish(undefined))
    socket.on('close', () => finish(undefined))
  })
}
