export { canInstall, installPackages } from './apt.ts'
export { type DynamodbOptions, startDynamodb } from './dynamodb.ts'
export { findExecutable } from './find-executable.ts'
export { onFreePorts } from './free-ports.ts'
export type {
  Backend,
  BackendName,
  BackendOptions,
  LocalStack,
  RunningBackend,
  StackOptions,
} from './local-stack.ts'
export { type RunningRabbitmq, startRabbitmq } from './rabbitmq.ts'
export { type RedisOptions, startRedis } from './redis.ts'
export { type ServiceProcess, startServiceProcess } from './service-process.ts'
export { startLocalStack } from './start-local-stack.ts'
