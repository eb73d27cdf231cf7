/**
 * A copy of bytes in memory of its own, for bytes that are kept. Node makes short Buffers as slices of 64 KiB (Node:
 * Buffer.poolSize), and as long as one of them is kept, so is all that.
 */
export function ownBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(new Uint8Array(bytes).buffer)
}
