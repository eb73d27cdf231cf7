import { Pool } from 'undici'
import type { Case } from './configuration.ts'

/** What callers saw in one round. */
export interface Round {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Sends a fixed number of requests over so many kept-alive connections.
 * @throws {Error} when an answer is not 200
 */
export async function runRound(
  url: string,
  { method, path, headers, body }: Case,
  requests: number,
  connections: number,
): Promise<Round> {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const latencies: number[] = []
  let left = requests
  const begin = performance.now()
  const send = async () => {
    while (left > 0) {
      left -= 1
      const sentAt = performance.now()
      const answer = await pool.request({ method, path, headers, body: body === '' ? null : body })
      await answer.body.dump()
      if (answer.statusCode !== 200) throw new Error(`${path} was answered ${answer.statusCode}`)
      latencies.push(performance.now() - sentAt)
    }
  }
  await Promise.all(Array.from({ length: connections }, send))
  const seconds = (performance.now() - begin) / 1000
  await pool.close()
  latencies.sort((one, other) => one - other)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
  return { requests, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}
