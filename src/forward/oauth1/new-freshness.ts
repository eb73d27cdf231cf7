import { randomUUID } from 'node:crypto'
import type { Freshness } from './sign-request.ts'

/**
 * A nonce nobody has used and the present time, for one attempt. The nonce has 32 characters since
 * Magento's table cuts longer ones without a word (Magento: Integration/etc/db_schema.xml,
 * oauth_nonce), and 122 random bits.
 */
export function newFreshness(): Freshness {
  return {
    nonce: randomUUID().replaceAll('-', ''),
    timestampSeconds: Math.floor(Date.now() / 1000),
  }
}
