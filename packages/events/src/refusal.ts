/** What RabbitMQ calls its refusals: "403 (ACCESS-REFUSED)"; and amqplib, without a code, a handshake that hangs. */
const NAMED = /\b\d{3} \(([A-Z_-]+)\)|^connect (ETIMEDOUT)$/
/** amqplib 2.3.1 keeps to itself how the broker refuses to open a connection: no such vhost, no right to it, or a limit. */
const AT_OPEN = /^Expected ConnectionOpenOk; got <ConnectionClose/

export const UNKNOWN = 'unknown'

/**
 * Why a broker cannot be used, as a code: the reply of the broker, or what Node calls a fault of the network or of TLS. Never
 * the message, which names users and hosts.
 */
export function refusalOf(err: Error): string {
  if (AT_OPEN.test(err.message)) return 'OPEN-REFUSED'
  const [, reply, timeout] = NAMED.exec(err.message) ?? []
  const { code } = err as NodeJS.ErrnoException
  return reply ?? timeout ?? (typeof code === 'string' ? code : UNKNOWN)
}
