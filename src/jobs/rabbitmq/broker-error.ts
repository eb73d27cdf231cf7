import { IllegalOperationError } from 'amqplib'
import { BackendError } from '../job-backend.ts'

/** The error for a code that says what failed. */
export function brokerError(code: string): BackendError {
  return new BackendError(code, 'RabbitMQ cannot be used')
}

/** The code of an error of the client, of the system or of AMQP; never its text, which may contain the address. */
export function brokerErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  // What amqplib throws at once when a channel or its connection is closed, or about to be.
  if (error instanceof IllegalOperationError) return 'BROKER_AWAY'
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string') return code
  if (typeof code === 'number') return `AMQP_${code}`
  // Errors of the client have no code at all, and those of the handshake only in the text.
  const known = codesByText.get(error.message)
  if (known !== undefined) return known
  const inText = /\b(4\d\d|5\d\d) \([A-Z-]+\)/.exec(error.message)?.[1]
  return inText === undefined ? error.name : `AMQP_${inText}`
}

/**
 * What has become of a connection without an answer of the broker, or with one that amqplib does not show (its
 * lib/channel.js, lib/connection.js, lib/connect.js, lib/recovery.js).
 */
const codesByText: ReadonlyMap<string, string> = new Map([
  ['Heartbeat timeout', 'HEARTBEAT_TIMEOUT'],
  ['Unexpected close', 'ECONNRESET'],
  ['Connection closed', 'ECONNRESET'],
  ['Channel ended, no reply will be forthcoming', 'ECONNRESET'],
  ['Socket closed abruptly during opening handshake', 'ECONNRESET'],
  ['connect ETIMEDOUT', 'ETIMEDOUT'],
  ['Expected ConnectionOpenOk; got <ConnectionClose channel:0>', 'VHOST_REFUSED'],
])
