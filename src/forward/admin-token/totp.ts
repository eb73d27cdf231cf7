import { createHmac } from 'node:crypto'

const stepMs = 30_000
const digits = 6

/**
 * The time-based one-time password at a time (RFC 6238), in the form of Google Authenticator and Magento: SHA-1, steps
 * of 30 seconds, 6 digits (Magento: TwoFactorAuth/Model/Provider/Engine/Google.php).
 * @param timeMs milliseconds since 1970
 */
export function totp(secret: Buffer, timeMs: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(timeMs / stepMs)))
  const hash = createHmac('sha1', secret).update(counter).digest()
  // RFC 4226, section 5.3: the last four bits say where the 31 bits to use are.
  const offset = hash.readUInt8(hash.length - 1) & 0x0f
  const number = hash.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** digits).padStart(digits, '0')
}
