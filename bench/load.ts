import { setTimeout as delay } from 'node:timers/promises'
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
  /**
   * Sends so many a second, whether or not those before have their answers; else as `run`. What it is late with because it
   * was held up itself does not follow at once: callers do not wait for each other.
   */
  readonly runPaced: (requests: readonly SignedRequest[], perSecond: number) => Promise<Round>
  readonly close: () => Promise<void>
}

/** Most that paced requests catch up with at once. */
const mostLateMs = 2

/** Opens so many connections to a proxy, kept alive from round to round as those of partners are. */
export function openLoad(url: string, connections: number): Load {
  const pool = new Pool(url, {
    connections,
    pipelining: 1,
    headersTimeout: 10_000,
    keepAliveTimeout: 60_000,
  })
  async function sendTimed(request: SignedRequest, latencies: number[]): Promise<void> {
    const sentAt = performance.now()
    await send(pool, request)
    latencies.push(performance.now() - sentAt)
  }
  return {
    close: () => pool.close(),
    runPaced: async (requests, perSecond) => {
      const latencies: number[] = []
      const underWay: Promise<void>[] = []
      const begin = performance.now()
      const most = Math.ceil((perSecond / 1000) * mostLateMs)
      let skipped = 0
      while (underWay.length < requests.length) {
        const due = Math.ceil(((performance.now() - begin) / 1000) * perSecond) - skipped
        skipped += Math.max(0, due - underWay.length - most)
        const end = Math.min(due, underWay.length + most)
        for (const request of requests.slice(underWay.length, end)) {
          underWay.push(sendTimed(request, latencies))
        }
        await delay(1)
      }
      await Promise.all(underWay)
      return roundOf(latencies, begin)
    },
    run: async (requests) => {
      const latencies: number[] = []
      // All connections take from the same iterator.
      const left = requests.values()
      const begin = performance.now()
      const sendAll = async () => {
        for (const request of left) await sendTimed(request, latencies)
      }
      await Promise.all(Array.from({ length: connections }, sendAll))
      return roundOf(latencies, begin)
    },
  }
}

function roundOf(latencies: readonly number[], begin: number): Round {
  const seconds = (performance.now() - begin) / 1000
  return { seconds, p50Ms: atShare(latencies, 0.5), p99Ms: atShare(latencies, 0.99) }
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
