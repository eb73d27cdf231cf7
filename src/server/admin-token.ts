import { hash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../contract/secret.ts'

/**
 * Whether a header `Authorization` presents a bearer token (RFC 6750, section 2.1). Digests are compared,
 * in constant time, so that the time taken tells nothing of the token, its length included.
 */
export function presentsToken(authorization: string | undefined, token: Secret): boolean {
  const presented = /^bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => hash('sha256', text, 'buffer')
  return timingSafeEqual(digest(presented), digest(token.reveal()))
}
