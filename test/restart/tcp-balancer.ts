import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A process behind a balancer. */
export interface Backend {
  readonly url: string
  readonly adminUrl: string
}

/** Passes bytes between connections and backends, and knows no HTTP. */
export interface TcpBalancer extends AsyncDisposable {
  readonly url: string
  /** Puts a backend in the place of another, or adds it. */
  readonly use: (place: string, backend: Backend) => void
}

const probeEveryMs = 50

/**
 * Starts a balancer as one of layer 4 is: it gives each new connection to the next backend whose `/readyz`
 * said 200 when it was last probed, and has no second try.
 */
export async function startTcpBalancer(): Promise<TcpBalancer> {
  const backends = new Map<string, Backend>()
  let ready: readonly Backend[] = []
  let turn = 0
  const stopping = new AbortController()

  const server = createServer({ allowHalfOpen: true }, (near) => {
    turn += 1
    const backend = ready[turn % ready.length]
    if (backend === undefined) {
      near.destroy()
      return
    }
    const { hostname, port } = new URL(backend.url)
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    pass(near, far)
    pass(far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function isReady({ adminUrl }: Backend): Promise<boolean> {
    try {
      return (await fetch(`${adminUrl}/readyz`)).status === 200
    } catch {
      return false
    }
  }
  async function probe(): Promise<void> {
    while (!stopping.signal.aborted) {
      const all = [...backends.values()]
      const answers = await Promise.all(all.map(isReady))
      ready = all.filter((_, index) => answers[index])
      await delay(probeEveryMs)
    }
  }
  const probing = probe()

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    use: (place, backend) => void backends.set(place, backend),
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await probing
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function pass(from: Socket, to: Socket): void {
  from.on('error', () => to.destroy())
  from.pipe(to)
}
