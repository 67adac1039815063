/** Loaded into a process of the service by `--import`: its wall clock is ahead by BG_CLOCK_AHEAD_MS; behind, where that is negative. */
const aheadMs = Number(process.env.BG_CLOCK_AHEAD_MS)
const { now } = Date
Date.now = () => now() + aheadMs
globalThis.Date = new Proxy(Date, {
  construct: (target, args: [], newTarget) =>
    Reflect.construct(target, args.length > 0 ? args : [Date.now()], newTarget),
})
