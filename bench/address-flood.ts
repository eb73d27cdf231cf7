import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import { benchEnv, writeBenchConfig } from './configuration.ts'
import { core } from './pinning.ts'

/** Addresses of which each is refused once. */
export const floodAddresses = 1_000_000

/** From one address, so that the process has what it needs anyway. */
const warmUpRequests = 100_000
const connections = 8
/** Requests that are sent together on one connection, which the gateway closes if more than 32 wait there. */
const batch = 25

/**
 * What a million addresses leave in a gateway that has been running.
 * @returns bytes by which what it has in use has grown. Its resident memory says little: that grows and
 *   shrinks by up to 100 MiB with the collector, whether the requests come from one address or from all
 */
export async function measureFlood(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'magegate-bench-flood-'))
  writeBenchConfig(folder, 'http://127.0.0.1:1', 'body', {
    listen: { trustedProxies: ['127.0.0.0/8'] },
    audit: { rotate: { sizeMiB: 50, keep: 1 } },
  })
  const gateway = await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv, [
    '--expose-gc',
  ])
  await sendFrom(gateway.url, warmUpRequests, () => '192.0.2.1')
  const before = await gateway.usage()
  await sendFrom(gateway.url, floodAddresses, addressOf)
  const after = await gateway.usage()
  await gateway.stop()
  rmSync(folder, { recursive: true })
  return after.liveBytes - before.liveBytes
}

function addressOf(index: number): string {
  return `11.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
}

/** Sends requests with a token that nobody has, each from an address, and reads the answers. */
async function sendFrom(url: string, count: number, addressAt: (index: number) => string) {
  const share = count / connections
  await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      sendOnConnection(url, index * share, (index + 1) * share, addressAt),
    ),
  )
}

function sendOnConnection(
  url: string,
  from: number,
  to: number,
  addressAt: (index: number) => string,
): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let next = from
    let awaited = 0
    const socket = connect(Number(port), hostname, sendBatch)
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the gateway has closed a connection')))
    let rest = ''
    socket.on('data', (text: string) => {
      // A status line may come in two pieces.
      const parts = (rest + text).split('HTTP/1.1 401')
      rest = (parts.at(-1) ?? '').slice(-16)
      awaited -= parts.length - 1
      if (awaited === 0) sendBatch()
    })
    function sendBatch(): void {
      if (next >= to) {
        socket.destroy()
        resolve()
        return
      }
      let text = ''
      for (; awaited < batch && next < to; awaited += 1) {
        text += `GET /rest/V1/products/x HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer nobody\r\nX-Forwarded-For: ${addressAt(next)}\r\nX-Forwarded-Proto: https\r\n\r\n`
        next += 1
      }
      socket.write(text)
    }
  })
}
