import { Secret } from '../contract/secret.ts'
import type { RuleFault } from './faults.ts'

/** What a URL that a secret holds has to be like. */
export interface UrlForm {
  readonly protocol: RegExp
  readonly path: RegExp
  readonly expected: string
}

/** Of a Redis. */
export const redisUrl: UrlForm = {
  protocol: /^rediss?:$/,
  // Of another path ioredis makes the database NaN, and the process ends.
  path: /^\/?\d*$/,
  expected: 'a reference to a redis:// or rediss:// URL, with the number of a database or none',
}
/** Of a RabbitMQ. */
export const amqpUrl: UrlForm = {
  protocol: /^amqps?:$/,
  path: /^/,
  expected: 'a reference to an amqp:// or amqps:// URL',
}
/** Of a receiver. */
export const httpUrl: UrlForm = {
  protocol: /^https?:$/,
  path: /^/,
  expected: 'a reference to a http:// or https:// URL',
}

/** Holds the URL in a secret against a form; a reference that leads nowhere has its fault already. */
export function checkSecretUrl(
  secret: Secret | undefined,
  pointer: string,
  { protocol, path, expected }: UrlForm,
): RuleFault[] {
  if (!(secret instanceof Secret)) return []
  const url = URL.parse(secret.reveal())
  const isFit = url !== null && protocol.test(url.protocol) && path.test(url.pathname)
  return isFit ? [] : [{ pointer, expected }]
}
