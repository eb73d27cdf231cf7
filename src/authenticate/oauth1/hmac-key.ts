import { percentEncode } from '../../syntax/percent-encoding.ts'

/** What HMAC signatures of OAuth are keyed with (RFC 5849, section 3.4.2). */
export function oauth1HmacKey(consumerSecret: string, tokenSecret: string): string {
  return `${percentEncode(consumerSecret)}&${percentEncode(tokenSecret)}`
}
