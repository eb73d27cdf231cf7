import { median } from './statistics.ts'

/** What one call of a piece costs. */
export interface Piece {
  readonly name: string
  /** Microseconds. */
  readonly us: number
}

const warmUpMs = 200
const sampleMs = 50
const samples = 9

// What calls give ends here, so that none is compiled away.
const kept: { last: unknown } = { last: undefined }

/** Measures a function that is called again and again: the median of some samples of many calls. */
export function measurePiece(name: string, call: () => unknown): Piece {
  const calls = Math.max(1, Math.ceil((callsWithin(call, warmUpMs) * sampleMs) / warmUpMs))
  const times = Array.from({ length: samples }, () => {
    const begin = performance.now()
    for (let left = calls; left > 0; left -= 1) kept.last = call()
    return performance.now() - begin
  })
  return { name, us: (median(times) * 1000) / calls }
}

const runs = 300

/**
 * Measures what runs in the background: CPU time of the whole process, all threads.
 * @param size how many of the measured things one call does
 */
export async function measureBackground(
  name: string,
  size: number,
  call: () => Promise<unknown>,
): Promise<Piece> {
  const times: number[] = []
  for (let sample = 0; sample < samples; sample += 1) {
    const begin = process.cpuUsage()
    for (let run = 0; run < runs; run += 1) await call()
    const { user, system } = process.cpuUsage(begin)
    times.push(user + system)
  }
  return { name, us: median(times) / (runs * size) }
}

function callsWithin(call: () => unknown, durationMs: number): number {
  const begin = performance.now()
  let calls = 0
  while (performance.now() - begin < durationMs) {
    kept.last = call()
    calls += 1
  }
  return calls
}
