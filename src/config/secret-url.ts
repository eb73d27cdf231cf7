import { Secret } from '../contract/secret.ts'
import { faultAt, type RuleFault } from './faults.ts'

/** Requirements for a URL that is kept as a secret. */
export interface UrlForm {
  readonly protocol: RegExp
  readonly path: RegExp
  readonly expected: string
}

/** The URL of a Redis. */
export const redisUrl: UrlForm = {
  protocol: /^rediss?:$/,
  // From any other path ioredis would compute the database NaN, and the process would end.
  path: /^\/?\d*$/,
  expected: 'a reference to a redis:// or rediss:// URL, with the number of a database or none',
}
/** The URL of a RabbitMQ. */
export const amqpUrl: UrlForm = {
  protocol: /^amqps?:$/,
  path: /^/,
  expected: 'a reference to an amqp:// or amqps:// URL',
}
/** The URL of a receiver of checkpoints. */
export const httpUrl: UrlForm = {
  protocol: /^https?:$/,
  path: /^/,
  expected: 'a reference to a http:// or https:// URL',
}

/** Checks the URL in a secret. If the reference could not be resolved, a fault has been reported already. */
export function checkSecretUrl(
  secret: Secret | undefined,
  pointer: string,
  { protocol, path, expected }: UrlForm,
): RuleFault[] {
  if (!(secret instanceof Secret)) return []
  const url = URL.parse(secret.reveal())
  const isFit = url !== null && protocol.test(url.protocol) && path.test(url.pathname)
  return faultAt(pointer, !isFit && expected)
}
