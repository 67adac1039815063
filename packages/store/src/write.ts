export { type AccountWriter, createAccountWriter } from './account-writer.ts'
export { createDynamo, WRITE_LIMITS } from './client.ts'
export { createReadingWriter, type ReadingWriter } from './reading-writer.ts'
export { createUserRegistry, type RegistryEntry, type UserRegistry } from './user-registry.ts'
