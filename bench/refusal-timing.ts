import { createHmac } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { startChild } from './child.ts'
import { benchEnv, type Scheme, writeBenchConfig } from './configuration.ts'
import { core } from './pinning.ts'
import { median } from './statistics.ts'
import { table } from './table.ts'

/** How long two kinds of refused credential took to be answered. */
interface RefusalTiming {
  readonly presented: string
  /** Milliseconds, where the gateway knows nobody by it. */
  readonly unknownMs: number
  /** Milliseconds, where it knows an integration by it. */
  readonly knownMs: number
  /** The share of pairs in which the known one took longer: 0.5 when time tells nothing. */
  readonly knownSlower: number
}

const body = '{"items":[]}'

/** Headers of each kind, unknown and known; the integration is the benchmark's own. */
const kinds: readonly [string, () => Record<string, string>, () => Record<string, string>][] = [
  ['a token, and a wrong signature', () => signed(token(unknown)), () => signed(token(known))],
  ['a token, no signature', () => token(unknown), () => token(known)],
  [
    'a name, and a wrong signature',
    () => signed({ 'X-Integration-Id': 'bunch' }),
    () => signed({ 'X-Integration-Id': 'bench' }),
  ],
  [
    'a name alone',
    () => ({ 'X-Integration-Id': 'bunch' }),
    () => ({ 'X-Integration-Id': 'bench' }),
  ],
]
const known = benchEnv.BENCH_TOKEN
const unknown = known.replace('bench', 'bunch')

/**
 * Measures whether the time of a 401 tells what was wrong.
 * @param folder of its own
 * @param count requests of each kind
 */
export async function reportRefusals(
  folder: string,
  scheme: Scheme,
  count: number,
): Promise<string> {
  writeBenchConfig(folder, 'http://127.0.0.1:1', scheme)
  const gateway = await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv)
  const timings = await measureRefusals(gateway.url, count)
  const rows = timings.map(({ presented, unknownMs, knownMs, knownSlower }) => [
    presented,
    unknownMs.toFixed(3),
    knownMs.toFixed(3),
    knownSlower.toFixed(2),
  ])
  return table([['presented', 'unknown, ms', 'known, ms', 'share of pairs slower'], ...rows])
}

/** Sends so many requests of each kind, in turn and one at a time, on a connection that stays. */
async function measureRefusals(url: string, count: number): Promise<RefusalTiming[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times = kinds.map(() => ({ unknown: [] as number[], known: [] as number[] }))
  for (let round = 0; round < count; round += 1) {
    for (const [index, [, ofUnknown, ofKnown]] of kinds.entries()) {
      times[index]?.unknown.push(await answerTime(url, agent, ofUnknown()))
      times[index]?.known.push(await answerTime(url, agent, ofKnown()))
    }
  }
  agent.destroy()
  return times.map((own, index) => ({
    presented: kinds[index]?.[0] ?? '',
    unknownMs: median(own.unknown),
    knownMs: median(own.known),
    knownSlower: shareSlower(own.known, own.unknown),
  }))
}

function token(value: string): Record<string, string> {
  return { Authorization: `Bearer ${value}` }
}

function signed(headers: Record<string, string>): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', 'a wrong secret').update(timestamp).digest('hex')
  return {
    ...headers,
    'X-Timestamp': timestamp,
    'X-Nonce': crypto.randomUUID(),
    'X-Signature': signature,
  }
}

function answerTime(
  url: string,
  agent: Agent,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sentAt = performance.now()
    const outgoing = httpRequest(`${url}/rest/V1/products`, {
      method: 'POST',
      agent,
      headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': body.length },
    })
    outgoing.on('response', (response) => {
      const tookMs = performance.now() - sentAt
      if (response.statusCode !== 401) reject(new Error(`answered ${response.statusCode}`))
      response.resume().on('end', () => resolve(tookMs))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function shareSlower(own: readonly number[], other: readonly number[]): number {
  let slower = 0
  for (const one of own) for (const two of other) slower += one > two ? 1 : one === two ? 0.5 : 0
  return slower / (own.length * other.length)
}
