export { connectPerson } from './connect-person.ts'
export { developmentSecrets } from './secrets.ts'
export { provisionTables, type RunningProcess, startApi, startWorker } from './system.ts'
export { watchHistory } from './watch-history.ts'
