export const BACKENDS = ['redis', 'rabbitmq', 'dynamodb'] as const

export type BackendName = (typeof BACKENDS)[number]

export interface StackOptions {
  /** Where PATH and the endpoints (REDIS_URL, RABBITMQ_URL, DYNAMODB_ENDPOINT) are looked up. */
  readonly env: NodeJS.ProcessEnv
  /** Gets one line for each thing a person at the terminal should know. */
  readonly say: (line: string) => void
  readonly signal?: AbortSignal
  /** Default: all three. What is not needed is `off`, and its address stays empty. */
  readonly needs?: readonly BackendName[]
  /** Refuse stand-ins and `off`; Java is installed too where that is possible. */
  readonly requireReal?: boolean
  /** Where the stack's own folder is made; default: the system's temp folder. */
  readonly tmpRoot?: string
}

export interface Backend {
  readonly kind: 'environment' | 'binary' | 'installed' | 'stand-in' | 'off'
  /** For people, such as `redis-server 7.0.15`. */
  readonly name: string
  /** The process that serves, only where this stack started it; its process group has the same number. */
  readonly pid: number | undefined
}

export interface LocalStack {
  readonly redisUrl: string
  readonly rabbitmqUrl: string | undefined
  readonly dynamodbEndpoint: string
  readonly backends: Readonly<Record<BackendName, Backend>>
  /** Environment variables that make the API and the worker use this stack. */
  readonly env: Readonly<Record<string, string>>
  /** Ends what this stack started and removes its folder. May be called more than once. */
  stop(): Promise<void>
}

export interface BackendOptions {
  readonly env: NodeJS.ProcessEnv
  /** Private to this backend: data, log, cookie. The same folder and port bring the same data back, where it is kept. */
  readonly dir: string
  /** Default: a free one on 127.0.0.1. */
  readonly port?: number
  readonly signal?: AbortSignal
}

export interface RunningBackend {
  readonly name: string
  readonly url: string
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}
