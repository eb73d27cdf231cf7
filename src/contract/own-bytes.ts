/**
 * A copy of bytes in memory of its own, for bytes that are kept or sent to another thread. Node makes short Buffers as
 * slices of 64 KiB (Node: Buffer.poolSize): as long as one of them is kept, so is all that, and all that is copied with it
 * for another thread.
 */
export function ownBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(new Uint8Array(bytes).buffer)
}
