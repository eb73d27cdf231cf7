import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A TCP proxy of loopback whose answers can be held up. */
export interface SlowLink extends AsyncDisposable {
  readonly port: number
  /** Milliseconds that every further answer is late. */
  delayMs: number
  /** Loses what comes over the present connections from now on, and ends none of them. */
  readonly swallow: () => void
  /** Loses the answer to the next message with this text, together with its connection. */
  loseAnswerTo: string | undefined
}

/** Opens a way to a port that answers as fast as that, until it is slowed down. */
export async function openSlowLink(targetPort: number): Promise<SlowLink> {
  const sockets = new Set<Socket>()
  const link = {
    port: 0,
    delayMs: 0,
    swallow: () => swallowing.push(...sockets),
    loseAnswerTo: undefined as string | undefined,
  }
  const swallowing: Socket[] = []
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    let passedOn: Promise<unknown> = Promise.resolve()
    let isLosing = false
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          near.destroy()
          far.destroy()
          sockets.delete(socket)
        })
    }
    near.on('data', (bytes) => {
      if (link.loseAnswerTo !== undefined && bytes.includes(link.loseAnswerTo)) {
        link.loseAnswerTo = undefined
        isLosing = true
      }
      if (!swallowing.includes(near)) far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (swallowing.includes(far)) return
      if (isLosing) {
        near.destroy()
        return
      }
      const late = link.delayMs === 0 ? undefined : delay(link.delayMs)
      // Behind what came before it, even if that was to be later.
      passedOn = Promise.all([passedOn, late]).then(() => near.write(bytes))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  link.port = (server.address() as AddressInfo).port
  return Object.assign(link, {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
