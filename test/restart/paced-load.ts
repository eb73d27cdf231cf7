import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { globexHeaders, send } from '../support/http-client.ts'

/** What became of a load. */
export interface LoadResult {
  readonly sent: number
  /** What was not answered with 200: statuses, and codes of errors. */
  readonly lost: readonly string[]
  readonly slowestMs: number
}

/** How a load is made. */
export interface Load {
  readonly requests: number
  readonly perSecond: number
  /** Kept-alive connections at most; 0 for a new one with each request. */
  readonly connections: number
}

/**
 * Sends reads and writes at a pace, and none of them a second time: what a connection that is closed
 * under a request takes with it is lost.
 */
export async function pressPaced(url: string, load: Load): Promise<LoadResult> {
  const { requests, perSecond, connections } = load
  const agent = new Agent({ keepAlive: connections > 0, maxSockets: connections || Infinity })
  const lost: string[] = []
  const under: Promise<void>[] = []
  let slowestMs = 0
  async function sendOne(number: number): Promise<void> {
    const body = number % 3 === 0 ? '{"sku":"my-sku-123","qty":15}' : ''
    const begunAt = performance.now()
    try {
      const { status } = await send(url, {
        method: body ? 'POST' : 'GET',
        path: body ? '/rest/V1/magefine/inventaire' : '/rest/V1/products/24-MB01',
        headers: { ...globexHeaders, 'Content-Type': 'application/json' },
        body,
        ...(connections > 0 && { agent }),
      })
      if (status !== 200) lost.push(`${number}: ${status}`)
    } catch (error) {
      lost.push(`${number}: ${error instanceof Error && 'code' in error ? error.code : error}`)
    }
    slowestMs = Math.max(slowestMs, performance.now() - begunAt)
  }
  const startedAt = performance.now()
  for (let number = 0; number < requests; number += 1) {
    const waitMs = startedAt + (number * 1000) / perSecond - performance.now()
    if (waitMs > 0) await delay(waitMs)
    under.push(sendOne(number))
  }
  await Promise.all(under)
  agent.destroy()
  return { sent: requests, lost, slowestMs: Math.round(slowestMs) }
}
