import type { Backend, BackendName } from './local-stack.ts'

/** Any will do, but DynamoDB Local refuses keys with anything but letters and digits. */
const LOCAL_KEY = 'local'

/**
 * What the API and the worker must find in their environment. A DynamoDB that we started gets its own keys: a person's AWS
 * profile and session would otherwise win over them in the SDK's chain. One from the environment keeps that environment's.
 */
export function serviceVariables(
  urls: Readonly<Record<BackendName, string | undefined>>,
  dynamodbKind: Backend['kind'],
  env: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  const isOurs = dynamodbKind !== 'environment'
  const variables: Record<string, string> = {
    AWS_REGION: env.AWS_REGION || 'us-east-1',
    AWS_ACCESS_KEY_ID: (!isOurs && env.AWS_ACCESS_KEY_ID) || LOCAL_KEY,
    AWS_SECRET_ACCESS_KEY: (!isOurs && env.AWS_SECRET_ACCESS_KEY) || LOCAL_KEY,
  }
  if (urls.redis !== undefined) variables.REDIS_URL = urls.redis
  if (urls.rabbitmq !== undefined) variables.RABBITMQ_URL = urls.rabbitmq
  if (urls.dynamodb !== undefined) variables.DYNAMODB_ENDPOINT = urls.dynamodb
  if (isOurs && env.AWS_PROFILE) variables.AWS_PROFILE = ''
  if (isOurs && env.AWS_SESSION_TOKEN) variables.AWS_SESSION_TOKEN = ''
  return variables
}
