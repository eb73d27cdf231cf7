import { Secret } from '../contract/secret.ts'
import { faultAt, type RuleFault } from './faults.ts'

/** Requirements for a URL that is kept as a secret. */
export interface UrlForm {
  /** How it begins. */
  readonly start: RegExp
  readonly path: RegExp
  readonly expected: string
}

/** The URL of a Redis. */
export const redisUrl: UrlForm = {
  // In any other spelling ioredis would not take it for a URL, or would not use TLS.
  start: /^rediss?:\/\//,
  // From any other path ioredis would compute the database NaN, and the process would end.
  path: /^\/?\d*$/,
  expected: 'a reference to a redis:// or rediss:// URL, with the number of a database or none',
}
/** The URL of a RabbitMQ. */
export const amqpUrl: UrlForm = {
  start: /^\s*amqps?:/i,
  path: /^/,
  expected: 'a reference to an amqp:// or amqps:// URL',
}
/** The URL of a receiver of checkpoints. */
export const httpUrl: UrlForm = {
  start: /^\s*https?:/i,
  path: /^/,
  expected: 'a reference to a http:// or https:// URL',
}

/** Checks the URL in a secret. If the reference could not be resolved, a fault has been reported already. */
export function checkSecretUrl(
  secret: Secret | undefined,
  pointer: string,
  { start, path, expected }: UrlForm,
): RuleFault[] {
  if (!(secret instanceof Secret)) return []
  const text = secret.reveal()
  const url = URL.parse(text)
  const isFit = url !== null && start.test(text) && path.test(url.pathname)
  return faultAt(pointer, !isFit && expected)
}
