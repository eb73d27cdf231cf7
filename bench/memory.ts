import { type SignedRequest, signBody, signRequest, smallGet, smallPost } from './cases.ts'
import { startChild } from './child.ts'
import { benchEnv, writeBenchConfig } from './configuration.ts'
import { openLoad } from './load.ts'
import { core } from './pinning.ts'
import { mebibytes, table } from './table.ts'
import { startUpstream } from './upstream.ts'

const connections = 64
/** Requests between two looks at the memory. */
const every = 100_000
/** Requests that are signed at a time. */
const batch = 5_000

/** What a gateway has in use after so many requests. */
interface MemorySample {
  readonly requests: number
  readonly seconds: number
  readonly residentBytes: number
  readonly liveBytes: number
}

/**
 * Sends a million requests, or as many, through one gateway: of twenty eleven reads, six writes, and three that
 * are refused, each for another reason.
 * @param folder of its own
 */
export async function reportMemory(folder: string, requests: number): Promise<string> {
  const upstream = await startUpstream()
  const audit = { rotate: { sizeMiB: 50, keep: 1 } }
  writeBenchConfig(folder, upstream.url, 'body', { audit })
  const gateway = await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv, [
    '--expose-gc',
  ])
  const load = openLoad(gateway.url, connections)
  const begin = performance.now()
  const sample = async (sent: number): Promise<MemorySample> => {
    const { residentBytes, liveBytes } = await gateway.usage()
    return { requests: sent, seconds: (performance.now() - begin) / 1000, residentBytes, liveBytes }
  }
  const samples = [await sample(0)]
  for (let sent = 0; sent < requests; ) {
    const count = Math.min(batch, requests - sent)
    await load.run(Array.from({ length: count }, (_, index) => mixedRequest(index)))
    sent += count
    if (sent % every === 0 || sent === requests) samples.push(await sample(sent))
  }
  await load.close()
  await gateway.stop()
  return renderMemory(samples)
}

function mixedRequest(index: number): SignedRequest {
  const place = index % 20
  if (place < 11) return signRequest(smallGet, 'body')
  if (place < 17) return signRequest(smallPost, 'body')
  if (place === 17) {
    const request = signRequest(smallGet, 'body')
    const headers = { ...request.headers, Authorization: `Bearer nobody-${index}` }
    return { ...request, headers, expectedStatus: 401 }
  }
  if (place === 18) {
    return {
      ...signRequest({ ...smallGet, path: `/rest/V1/orders/${index}` }, 'body'),
      expectedStatus: 403,
    }
  }
  return { ...signBody(smallPost, `{"items":[{"sku":${index}}]}`, 'body'), expectedStatus: 400 }
}

/** The memory of a gateway, from look to look. */
function renderMemory(samples: readonly MemorySample[]): string {
  const rows = samples.map(({ requests, seconds, residentBytes, liveBytes }) => [
    String(requests),
    seconds.toFixed(0),
    mebibytes(residentBytes),
    mebibytes(liveBytes),
  ])
  return table([['requests', 'seconds', 'resident MiB', 'in use MiB'], ...rows])
}
