import { finding } from './explanation.ts'

/** Describes how far the time that a client signed is from the gateway's. */
export function clockOffset(
  signedAtSeconds: number,
  {
    atMs,
    behindMs,
    aheadMs,
  }: { readonly atMs: number; readonly behindMs: number; readonly aheadMs: number },
): string {
  const offsetMs = atMs - signedAtSeconds * 1000
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  const isWithin = offsetMs <= behindMs && -offsetMs <= aheadMs
  const side = offsetMs < 0 ? 'ahead of' : 'behind'
  const limitMs = offsetMs < 0 ? aheadMs : behindMs
  const where = `the client's time is ${seconds} s ${side} ${new Date(atMs).toISOString()}`
  const limit = `${limitMs / 1000} s are allowed`
  return finding('clock', `${where}; ${limit}${isWithin ? '' : ': too far'}`)
}
