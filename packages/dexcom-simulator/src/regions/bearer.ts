import type { Exchange } from '../exchange.ts'

/** The bearer token of a request; empty where it has none. */
export const bearerOf = ({ authorization }: Pick<Exchange, 'authorization'>): string =>
  /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
