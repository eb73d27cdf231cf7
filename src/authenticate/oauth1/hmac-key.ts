import { percentEncode } from '../../syntax/percent-encoding.ts'

/** The key of OAuth's HMAC signatures (RFC 5849, section 3.4.2). */
export function oauth1HmacKey(consumerSecret: string, tokenSecret: string): string {
  return `${percentEncode(consumerSecret)}&${percentEncode(tokenSecret)}`
}
