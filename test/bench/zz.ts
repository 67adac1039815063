import { randomBytes } from 'node:crypto'
import { createVault } from '@bg-ingest/security'
import { UserId } from '@bg-ingest/domain'
import { startCpuProfile } from './cpu-profile.ts'
const v = createVault([{ id: 'dev', key: new Uint8Array(randomBytes(32)) }])
const u = UserId.parse('alice')
const s = await v.seal(u, 'access_token', 'x'.repeat(900))
const t = async (name: string, n: number, f: () => unknown) => { for (let k = 0; k < 3; k++) { const c = process.cpuUsage(); for (let i = 0; i < n; i++) await f(); const r = process.cpuUsage(c); if (k === 2) console.log(name, ((r.user + r.system) / n).toFixed(1), 'us') } }
await t('vault.open', 300, () => v.open(u, 'access_token', s))
const stop = await startCpuProfile()
for (let i = 0; i < 800; i++) await v.open(u, 'access_token', s)
for (const f of (await stop()).slice(0, 14)) console.log((f.self * 100).toFixed(1), f.name)
