import { mock } from 'node:test'

/** Both clocks of the process, standing still until they are moved, for one test at a time; real timers go on. */
export function frozenClocks() {
  const performanceNow = performance.now
  let passedMs = 0
  beforeEach(() => {
    passedMs = 0
    mock.timers.enable({ apis: ['Date'] })
    performance.now = () => passedMs
  })
  afterEach(() => {
    mock.timers.reset()
    performance.now = performanceNow
  })
  return {
    /** Milliseconds since the test began. */
    passedMs: () => passedMs,
    pass(ms: number) {
      passedMs += ms
      mock.timers.tick(ms)
    },
  }
}
