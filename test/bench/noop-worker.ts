/** `noop-worker.ts <redis url> <concurrency>`: jobs that do nothing, by BullMQ alone. What is dear beside them is ours. */
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'

const [url = '', concurrency] = process.argv.slice(2)
const connection = new Redis(url, { maxRetriesPerRequest: null })
const worker = new Worker('noop', async () => null, { connection, concurrency: Number(concurrency) })
await worker.waitUntilReady()
console.log('ready')
