import { ownBytes } from '../../contract/own-bytes.ts'
import {
  type DurableQueue,
  graceMs,
  type HandleDelivery,
  type Settlement,
  settlementOf,
  untilDone,
} from '../durable-queue.ts'
import { waitForAll } from '../wait-for-all.ts'
import { bufferOf } from './crossing-bytes.ts'
import type { TakenEntry } from './entry-operations.ts'
import type { JobFile } from './job-file.ts'

/** How a queue in a file works. */
export interface FileQueueSettings {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  /** How often to look for entries from other processes, milliseconds. */
  readonly pollMs: number
  /** Told when the file cannot be used; the queue tries again. */
  readonly onFault: (error: unknown) => void
}

/** How long to wait before trying again to take entries, milliseconds. */
const tryAgainMs = 1_000

/** One of the queues in a file. */
export function fileQueue(file: JobFile, settings: FileQueueSettings): DurableQueue {
  const { name, clock, pollMs, onFault } = settings
  const { holder } = file
  const closing = new AbortController()
  // Aborts when nothing is to be settled any more.
  const end = new AbortController()
  // An entry can be here twice: it may be taken again before its settlement has come back from the file.
  const running = new Set<Promise<void>>()
  let consumer: { readonly handle: HandleDelivery; readonly concurrency: number } | undefined
  let isClosed = false
  let taking: Promise<void> | undefined
  let isWanted = false
  let timer: NodeJS.Timeout | undefined

  /** Takes entries that are due, as many as there is room for. */
  function take(): void {
    if (taking !== undefined) isWanted = true
    if (taking !== undefined || isClosed || consumer === undefined) return
    const { handle, concurrency } = consumer
    const room = concurrency - running.size
    if (room <= 0) return
    isWanted = false
    clearTimeout(timer)
    taking = file.run('take', name, holder, clock(), room).then(
      ({ entries, nextAtMs }) => {
        taking = undefined
        for (const entry of entries) begin(entry, handle)
        if (isWanted) take()
        else later(Math.min(pollMs, (nextAtMs ?? Number.POSITIVE_INFINITY) - clock()))
      },
      (error: unknown) => {
        taking = undefined
        onFault(error)
        later(tryAgainMs)
      },
    )
  }

  function later(inMs: number): void {
    if (isClosed) return
    clearTimeout(timer)
    timer = setTimeout(take, Math.max(1, inMs))
  }

  function begin(entry: TakenEntry, handle: HandleDelivery): void {
    const over = run(entry, handle).finally(() => {
      running.delete(over)
      take()
    })
    running.add(over)
  }

  async function run(entry: TakenEntry, handle: HandleDelivery): Promise<void> {
    const payload = bufferOf(entry.payload)
    const delivery = { ...entry, payload, signal: closing.signal }
    const settlement = isClosed
      ? notBegun
      : withOwnBytes(await settlementOf(delivery, handle, onFault))
    const settle = () => file.run('settle', name, holder, entry.id, settlement, clock())
    await untilDone(settle, onFault, end.signal).catch(() => undefined)
  }

  return {
    put: async (entry) => {
      const own = { ...entry, payload: ownBytes(entry.payload) }
      const put = file.run('put', name, own, clock())
      // If there is room, the entry is taken in the same transaction.
      take()
      await put
    },
    consume: (handle, { concurrency }) => {
      consumer = { handle, concurrency }
      take()
    },
    cancel: (id) => file.run('cancel', name, id),
    listDead: async (page) => {
      const letters = await file.run('listDead', name, page)
      return letters.map((each) => ({ ...each, payload: bufferOf(each.payload) }))
    },
    putBack: async (id, expiresAtMs, shown) => {
      const isBack = await file.run('putBack', name, id, expiresAtMs, clock(), shown)
      take()
      return isBack
    },
    discard: (id) => file.run('discard', name, id),
    depth: () => file.run('depth', name),
    close: async (deadlineMs) => {
      isClosed = true
      clearTimeout(timer)
      await taking
      await waitForAll(running, deadlineMs)
      closing.abort()
      await waitForAll(running, graceMs)
      end.abort()
    },
  }
}

const notBegun: Settlement = { state: 'retry', atMs: 0, reason: 'closed', isUntouched: true }

function withOwnBytes(settlement: Settlement): Settlement {
  if (settlement.state !== 'retry' || settlement.payload === undefined) return settlement
  return { ...settlement, payload: ownBytes(settlement.payload) }
}
