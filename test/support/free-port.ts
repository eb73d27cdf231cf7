import { once } from 'node:events'
import { createServer } from 'node:net'

/*
 * Linux gives outgoing connections, and those who listen on port 0, a port from 32768 on. A port below is therefore
 * still free when a server begins to listen on it, seconds later, or is started again.
 */
const firstPort = 10_000

/** Ports of one process. It listens on the first one for as long as it runs, so that no other one chooses from them. */
const portsOfProcess = 20
const processes = 500

let firstOfProcess: Promise<number> | undefined
let chosen = 0

/** A port of loopback that is free, and whose bus of Redis Cluster, 10,000 above it, lies below 32768 too. */
export async function freePort(): Promise<number> {
  firstOfProcess ??= claimPorts()
  const first = await firstOfProcess
  for (;;) {
    chosen += 1
    const port = first + 1 + (chosen % (portsOfProcess - 1))
    if (await isFree(port)) return port
  }
}

async function claimPorts(): Promise<number> {
  for (let at = process.pid; ; at += 1) {
    const port = firstPort + (at % processes) * portsOfProcess
    const claim = createServer().listen(port, '127.0.0.1').unref()
    try {
      await once(claim, 'listening')
      return port
    } catch {
      // Another process has it.
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  await new Promise((resolve) => probe.close(resolve))
  return true
}
