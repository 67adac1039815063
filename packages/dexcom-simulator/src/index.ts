export { createVirtualClock, type VirtualClock } from './clock.ts'
export { loadHall2018, loadNightscout } from './replay.ts'
export { type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts'
export { ReplayRecord, SimulatedUser } from './users.ts'
