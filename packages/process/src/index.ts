export { failureLine } from './failure-line.ts'
export { createOwner, type Owner } from './owner.ts'
export { createReadiness, type Dependency, type Readiness } from './readiness.ts'
export { runUntilSignal, untilAborted } from './run-until-signal.ts'
