import { Pool } from 'undici'
import type { SignedRequest } from './cases.ts'
import { atShare } from './statistics.ts'

/** What callers saw in one round. */
export interface Round {
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Callers of one proxy. */
export interface Load {
  /**
   * Sends requests, one at a time over each connection.
   * @throws {Error} rejects when an answer has not the expected status, or there is none
   */
  readonly run: (requests: readonly SignedRequest[]) => Promise<Round>
  readonly close: () => Promise<void>
}

/** Opens so many connections to a proxy, kept alive from round to round as those of partners are. */
export function openLoad(url: string, connections: number): Load {
  const pool = new Pool(url, {
    connections,
    pipelining: 1,
    headersTimeout: 10_000,
    keepAliveTimeout: 60_000,
  })
  return {
    close: () => pool.close(),
    run: async (requests) => {
      const latencies: number[] = []
      // All connections take from the same iterator.
      const left = requests.values()
      const begin = performance.now()
      const sendAll = async () => {
        for (const request of left) {
          const sentAt = performance.now()
          await send(pool, request)
          latencies.push(performance.now() - sentAt)
        }
      }
      await Promise.all(Array.from({ length: connections }, sendAll))
      const seconds = (performance.now() - begin) / 1000
      return { seconds, p50Ms: atShare(latencies, 0.5), p99Ms: atShare(latencies, 0.99) }
    },
  }
}

/** Below `pool.request`, so that the load leaves its core to the upstream. */
function send(pool: Pool, request: SignedRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    pool.dispatch(request, {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status) => {
        if (status !== (request.expectedStatus ?? 200)) {
          reject(new Error(`${request.method} ${request.path} was answered ${status}`))
        }
      },
      onResponseData: () => undefined,
      onResponseEnd: () => resolve(),
      onResponseError: (_controller, error) => reject(error),
    })
  })
}
