import { performance } from 'node:perf_hooks'
import type { ConsumeMessage } from 'amqplib'
import { graceMs, type HandleDelivery, untilDone } from '../durable-queue.ts'
import { waitForAll } from '../wait-for-all.ts'
import type { BrokerQueueSettings } from './broker-queue.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Load } from './entry-records.ts'
import { type Held, heldEntries } from './held-entries.ts'
import { entryOf, messageOf } from './message.ts'
import { type Fate, type RunSettings, runEntry } from './run-entry.ts'
import { type Receipt, subscribe } from './subscription.ts'

/** Consumes a queue in this process. */
export interface Consumer {
  /** Tells the other processes that this one is alive, and how much it holds. It does not reject. */
  readonly beat: () => Promise<void>
  /** Lets cancelled entries go as soon as there is a place, instead of when they are due. */
  readonly drop: (ids: readonly string[]) => void
  /** Begins no more entries, and gives back those that are not settled in time. */
  readonly close: (deadlineMs: number) => Promise<void>
}

interface ConsumerSettings extends BrokerQueueSettings {
  readonly dead: DeadLetters
  /** Identifies this process in the records. */
  readonly holder: string
  readonly handle: HandleDelivery
  /** Most deliveries at once. */
  readonly concurrency: number
}

/** How long nothing begins after the records could not be reached, milliseconds. */
const pauseMs = 250

/** How long an entry waits whose copy is under way in this process, milliseconds. */
const lookAgainMs = 1_000

/*
 * Once a process has not beaten for `beatLifeMs`, another one that gets its messages from the broker may take over what
 * it had under way.
 */
const beatEveryMs = 2_000
const beatLifeMs = 6_000

/*
 * After half an hour RabbitMQ closes the channel of a consumer that has not acknowledged a message. Waiting entries are
 * given back in half that time.
 */
const longestHoldMs = 900_000
const lookForOldEveryMs = 60_000

/**
 * Consumes a queue. A message is acknowledged only when its entry is over, or has been put into the broker again.
 * Entries with an order key are held here while they wait, so that they keep their places before others with the same
 * key. Others are held here when they are about due, and are left to the broker until then.
 */
export function openConsumer(settings: ConsumerSettings): Consumer {
  const { broker, records, names, clock, dead, holder, concurrency, onFault } = settings
  const entries = heldEntries()
  const underWay = new Map<Held, Promise<void>>()
  const leaving = new Set<Promise<void>>()
  const abort = new AbortController()
  const end = new AbortController()
  const run: RunSettings = {
    ...settings,
    bury: dead.add,
    signal: abort.signal,
    end: end.signal,
  }
  let isClosing = false
  let hasLeft = false
  let isPumpDue = false
  // Milliseconds of `performance.now()`.
  let pausedUntil = 0
  let timer: NodeJS.Timeout | undefined

  function onMessage(message: ConsumeMessage, receipt: Receipt, queue: string): void {
    const entry = entryOf(message)?.entry
    if (entry === undefined) {
      onFault(new Error(`a message of ${queue} is not understood, and becomes a dead letter`))
      setAside(message, receipt, queue)
      return
    }
    const held = entries.find(entry)
    if (held?.receipt.isVoid()) {
      // The connection was lost while it was under way here.
      held.receipt = receipt
    } else if (held !== undefined) {
      receipt.acknowledge()
    } else {
      const isRedelivered = message.fields.redelivered
      // The clock of the process that has put it may be ahead of this one.
      const dueAtMs = entry.notBeforeMs ?? Math.min(entry.putAtMs, clock())
      const heldSince = performance.now()
      const known = { entry, receipt, isRedelivered, dueAtMs, heldSince }
      const fresh = { ...known, isUnderWay: false, isUnanswered: false }
      entries.add(fresh)
      sendAway(fresh)
    }
    pumpSoon()
  }

  /** Makes a message a dead letter that is not understood. While the broker does not take it, it stays where it is. */
  function setAside(message: ConsumeMessage, receipt: Receipt, queue: string): void {
    const add = async () => {
      // It is delivered again.
      if (!receipt.isVoid()) await dead.addUnread(message, queue, clock())
    }
    const setting = untilDone(add, onFault, end.signal)
      .then(receipt.acknowledge, () => undefined)
      .finally(() => leaving.delete(setting))
    leaving.add(setting)
  }

  /** Pumps once all messages that arrived together are here, so that the first of them begins first. */
  function pumpSoon(): void {
    if (isPumpDue) return
    isPumpDue = true
    setImmediate(() => {
      isPumpDue = false
      pump()
    })
  }

  function onLost(): void {
    for (const held of [...entries.all()]) if (!held.isUnderWay) letGo(held)
  }

  /** Leaves an entry to whoever gets its message next, unless that one would wait for this process. */
  function letGo(held: Held): void {
    if (held.isUnanswered) held.isRedelivered = true
    else entries.remove(held)
  }

  /** Begins whatever can begin. */
  function pump(): void {
    clearTimeout(timer)
    const nowMs = clock()
    const pausedForMs = pausedUntil - performance.now()
    if (isClosing) return
    while (pausedForMs <= 0 && underWay.size < concurrency) {
      const held = entries.take(nowMs)
      if (held === undefined) break
      start(held)
    }
    if (underWay.size >= concurrency) return
    const waitMs = Math.max(entries.nextDueAtMs() - nowMs, pausedForMs)
    if (waitMs === Number.POSITIVE_INFINITY) return
    timer = setTimeout(pump, Math.min(waitMs, lookForOldEveryMs))
  }

  function start(held: Held): void {
    // It was put twice, because the first confirm came too late.
    if ([...underWay.keys()].some(({ entry }) => entry.id === held.entry.id)) {
      held.isUnderWay = false
      held.dueAtMs = clock() + lookAgainMs
      return
    }
    held.isUnanswered = false
    const running = runEntry(held, run)
      .catch((error: unknown): Fate => {
        onFault(error)
        // The records cannot be reached, which concerns all entries; or this consumer is being closed.
        pausedUntil = performance.now() + pauseMs
        held.isUnanswered = true
        return { is: 'waiting', dueAtMs: 0 }
      })
      .then((fate) => {
        underWay.delete(held)
        settle(held, fate)
        pump()
      })
    underWay.set(held, running)
  }

  function settle(held: Held, fate: Fate): void {
    held.isUnderWay = false
    if (fate.is === 'over') {
      entries.remove(held)
      held.receipt.acknowledge()
      return
    }
    held.dueAtMs = fate.dueAtMs
    if (fate.entry !== undefined) {
      held.entry = fate.entry
      held.isRedelivered = false
    }
    // If void, it is delivered again.
    if (held.receipt.isVoid()) letGo(held)
    else sendAway(held)
  }

  /**
   * Has the broker keep an entry until it is about due, so that it takes no place here from others. An entry with an
   * order key stays, because it must keep its own place.
   */
  function sendAway(held: Held): void {
    const { entry, dueAtMs } = held
    const wait = names.waits.find(({ waitMs }) => dueAtMs - clock() >= waitMs)
    if (wait === undefined || entry.orderKey !== undefined) return
    // So that it is not taken meanwhile.
    held.isUnderWay = true
    const later = { ...entry, notBeforeMs: dueAtMs }
    const sending = broker
      .publish(names.queueOf(entry), messageOf(later), wait.name)
      .then(
        () => {
          entries.remove(held)
          held.receipt.acknowledge()
        },
        (error: unknown) => {
          onFault(error)
          held.isUnderWay = false
          if (held.receipt.isVoid()) entries.remove(held)
        },
      )
      .then(() => {
        leaving.delete(sending)
        pump()
      })
    leaving.add(sending)
  }

  /** Gives back all waiting entries before the broker takes them away; in order, so that they return in that order. */
  function giveBackOld(): void {
    const waiting = [...entries.all()].filter(
      ({ isUnderWay, receipt }) => !isUnderWay && !receipt.isVoid(),
    )
    const oldest = performance.now() - longestHoldMs
    if (isClosing || !waiting.some(({ heldSince }) => heldSince < oldest)) return
    for (const held of waiting) {
      letGo(held)
      held.receipt.giveBack()
    }
  }

  async function beat(): Promise<void> {
    // The depth of the queue is still asked for, which beats first.
    if (hasLeft) return
    await records.beat(holder, loadOf(entries.all()), beatLifeMs).catch(onFault)
  }

  /** Lets cancelled entries go before they are due, so that they hold up no others. */
  function drop(ids: readonly string[]): void {
    const dropped = new Set(ids)
    if (dropped.size === 0) return
    for (const held of entries.all()) if (dropped.has(held.entry.id)) held.dueAtMs = 0
    pump()
  }

  const beats = setInterval(() => {
    void beat()
    if (!isClosing) records.cancelled().then(drop, onFault)
  }, beatEveryMs)
  const looks = setInterval(giveBackOld, lookForOldEveryMs)
  // The first beat comes before anything begins: it keeps others from taking what this process has under way.
  const unsubscribe = beat().then(() =>
    subscribe(settings.consumingBroker, names.sources, { onMessage, onLost }),
  )

  return {
    beat,
    drop,
    close: async (deadlineMs) => {
      isClosing = true
      clearTimeout(timer)
      clearInterval(looks)
      await waitForAll(underWay.values(), deadlineMs)
      abort.abort()
      await waitForAll([...underWay.values(), ...leaving], graceMs)
      end.abort()
      await (await unsubscribe)()
      clearInterval(beats)
      hasLeft = true
      await records.leave(holder).catch(onFault)
    },
  }
}

function loadOf(all: Iterable<Held>): Load {
  const isUnderWay = [...all].map((held) => held.isUnderWay)
  const running = isUnderWay.filter(Boolean).length
  return { waiting: isUnderWay.length - running, running }
}
