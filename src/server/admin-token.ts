import { hash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../contract/secret.ts'

/**
 * Whether an `Authorization` header presents the bearer token (RFC 6750, section 2.1). It compares digests in
 * constant time, so that the time taken reveals nothing about the token, not even its length.
 */
export function presentsToken(authorization: string | undefined, token: Secret): boolean {
  const presented = /^bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => hash('sha256', text, 'buffer')
  return timingSafeEqual(digest(presented), digest(token.reveal()))
}
