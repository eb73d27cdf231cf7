import { hash } from 'node:crypto'

/** Compares the body that the gateway verifies with the bytes that the client signed. */
export function compareBodies(gateway: Buffer, client: Buffer): string[] {
  return [row('gateway', gateway), row('client', client), firstDifference(gateway, client)]
}

/** Describes a body by its length and digest. The content could be anything, so it is not shown. */
export function row(whose: string, bytes: Buffer): string {
  return `       ${whose.padEnd(7)}  ${bytes.length} bytes, SHA-256 ${hash('sha256', bytes)}`
}

function firstDifference(gateway: Buffer, client: Buffer): string {
  const length = Math.max(gateway.length, client.length)
  for (let index = 0; index < length; index += 1) {
    if (gateway[index] === client[index]) continue
    const values = `the gateway has ${named(gateway[index])}, the client ${named(client[index])}`
    return `>      first difference at byte ${index}: ${values}`
  }
  return '       the same bytes'
}

function named(byte: number | undefined): string {
  if (byte === undefined) return 'its end'
  const hex = `0x${byte.toString(16).padStart(2, '0')}`
  return byte > 0x20 && byte < 0x7f ? `${hex} (${String.fromCharCode(byte)})` : hex
}
