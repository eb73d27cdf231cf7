/*
 * Between threads bytes are copied together with the whole memory that they are a slice of, and arrive bare.
 */

/** The same bytes in memory of their own, to be sent to another thread. */
export function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

/** Bytes that came from another thread. */
export function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
