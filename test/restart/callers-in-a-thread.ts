import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** What callers in a thread do; each round is one request of each. */
interface Orders {
  readonly port: number
  /** One for each caller, as it goes over the wire. */
  readonly requests: readonly string[]
  /** Whether each has been answered once on its connection before. */
  readonly isKeptAlive: boolean
  /** Counts who has handed its request to the kernel. */
  readonly sent: SharedArrayBuffer
}

/** Callers that send while the thread of the test stands still. */
export interface CallersInAThread {
  /** Has them send, and blocks this thread, its event loop too, until all have. */
  readonly sendWhileBlocked: () => void
  /** All that each was answered, once its connection is closed. */
  readonly answers: Promise<string[]>
}

/** Makes callers; resolves when they are ready to send. */
export async function callersInAThread(orders: Omit<Orders, 'sent'>): Promise<CallersInAThread> {
  const sent = new SharedArrayBuffer(8)
  const counts = new Int32Array(sent)
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...orders, sent } })
  await once(worker, 'message')
  return {
    answers: once(worker, 'message').then(([answers]) => answers as string[]),
    sendWhileBlocked: () => {
      Atomics.store(counts, 1, 1)
      Atomics.notify(counts, 1)
      for (let done = 0; done < orders.requests.length; done = Atomics.load(counts, 0)) {
        Atomics.wait(counts, 0, done)
      }
    },
  }
}

async function call({ port, requests, isKeptAlive, sent }: Orders): Promise<void> {
  const counts = new Int32Array(sent)
  const opened = async (request: string) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    await once(socket, 'connect')
    if (isKeptAlive) {
      socket.write(request)
      await once(socket, 'data')
    }
    return socket
  }
  const ready = isKeptAlive ? await Promise.all(requests.map(opened)) : []
  parentPort?.postMessage('ready')
  Atomics.wait(counts, 1, 0)
  const sockets = await Promise.all(
    requests.map(async (request, index): Promise<Socket> => {
      const socket = ready[index] ?? (await opened(request))
      await new Promise((resolve) => socket.write(request, resolve))
      Atomics.add(counts, 0, 1)
      Atomics.notify(counts, 0)
      return socket
    }),
  )
  const answers = await Promise.all(sockets.map((socket) => text(socket).catch(String)))
  parentPort?.postMessage(answers)
}

if (!isMainThread) await call(workerData as Orders)
