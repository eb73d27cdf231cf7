/*
 * A Buffer that is sent to another thread is copied with all the memory that it is a slice of, and arrives as a
 * Uint8Array.
 */

/** A copy of bytes in memory of its own, to be sent to another thread. */
export function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

/** A Buffer over bytes that came from another thread, or from SQLite. */
export function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
