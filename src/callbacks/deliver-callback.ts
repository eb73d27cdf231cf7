import { performance } from 'node:perf_hooks'
import { nextSending } from '../contract/retry-schedule.ts'
import type { Delivery, HandleDelivery, Settlement } from '../jobs/durable-queue.ts'
import { readCallback, type StoredCallback, writeCallback } from './callback-entry.ts'
import { ownerLanes } from './owner-lanes.ts'
import type { Receiver } from './receiver.ts'
import type { Sending } from './send-callback.ts'

/** A call-back that is not sent again by itself: it was delivered, or is dead. */
export interface CallbackEnd extends StoredCallback {
  /** Its `webhook-id`. */
  readonly id: string
  readonly owner: string
  readonly outcome: 'delivered' | 'dead'
  /** Status of the last answer of the receiver; absent if there was none. */
  readonly status?: number | undefined
  /** Why it is dead: a code, or that nobody is to be called. */
  readonly reason?: string | undefined
  /** How long the last sending took, milliseconds. */
  readonly durationMs: number
}

/** Everything that delivering needs from other parts. */
export interface DeliveryServices {
  /** Where the call-backs of an integration go at present; undefined if it has none. */
  readonly receiverOf: (owner: string) => Receiver | undefined
  /** Told of every end before it is settled; it does not reject. */
  readonly onEnd: (end: CallbackEnd) => Promise<void>
  /** Told of every sending that failed and is tried again, and of the code that says why. */
  readonly onFailure: (owner: string, reason: string) => void
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  /** At least 0 and below 1. */
  readonly random: () => number
}

/**
 * Prepares the handler for the queue of call-backs. Each is sent until the receiver has accepted it or refused it for
 * good, or it is too old. Only a limited number of one integration is sent at once and the others are put off, so that
 * a receiver that hangs does not delay those of others.
 */
export function prepareDelivery(services: DeliveryServices): HandleDelivery {
  const { receiverOf, onEnd, onFailure, clock, random } = services
  const lanes = ownerLanes(clock, () => performance.now())

  async function send(delivery: Delivery, receiver: Receiver): Promise<Settlement> {
    const stored = callbackOf(delivery)
    const callback = { ...stored, sendings: stored.sendings + 1 }
    const startedAt = performance.now()
    const sending = await receiver.call(delivery.id, stored.payload, delivery.signal)
    if (delivery.signal.aborted && sending.outcome === 'failed') {
      // It is not known whether it arrived, so it is sent again.
      return { state: 'retry', atMs: 0, reason: 'CLOSED', isUntouched: false, ...anew(delivery) }
    }
    const durationMs = performance.now() - startedAt
    const end = (outcome: CallbackEnd['outcome'], reason?: string) => {
      const { id, owner } = delivery
      return onEnd({ ...callback, id, owner, outcome, status: sending.status, reason, durationMs })
    }
    if (sending.outcome === 'delivered') {
      await end('delivered')
      return { state: 'done' }
    }
    const { reason } = sending
    const atMs = nextOf(sending, callback, delivery, receiver)
    if (atMs === undefined) {
      await end('dead', reason)
      return { state: 'dead', reason }
    }
    onFailure(delivery.owner, reason)
    return { state: 'retry', atMs, reason, isUntouched: false, payload: writeCallback(callback) }
  }

  function nextOf(
    sending: Sending,
    { sendings }: StoredCallback,
    { expiresAtMs }: Delivery,
    { retry }: Receiver,
  ): number | undefined {
    if (sending.outcome !== 'failed') return undefined
    const { retryAfterMs } = sending
    const failed = { sendings, nowMs: clock(), expiresAtMs, retryAfterMs }
    return nextSending(retry, failed, random())
  }

  return async (delivery) => {
    const { id, owner } = delivery
    const receiver = receiverOf(owner)
    if (receiver === undefined) {
      const reason = 'NO_CALLBACK_CONFIGURED'
      await onEnd({ ...callbackOf(delivery), id, owner, outcome: 'dead', reason, durationMs: 0 })
      return { state: 'dead', reason }
    }
    const leave = lanes.enter(owner, receiver.concurrency)
    if (leave === undefined) {
      const atMs = lanes.nextTurnMs(owner, receiver.concurrency)
      return { state: 'retry', atMs, reason: 'BUSY', isUntouched: true, ...anew(delivery) }
    }
    try {
      return await send(delivery, receiver)
    } finally {
      leave()
    }
  }
}

/** The call-back that is delivered. One that was put back starts anew, and its sendings are counted anew. */
function callbackOf({ payload, attempts }: Delivery): StoredCallback {
  const stored = readCallback(payload)
  return attempts === 1 ? { ...stored, sendings: 0 } : stored
}

/** What tells the next delivery that this one, which counts no sending, was the first after the call-back was put back. */
function anew(delivery: Delivery): { readonly payload?: Buffer } {
  const hasOldCount = delivery.attempts === 1 && readCallback(delivery.payload).sendings > 0
  return hasOldCount ? { payload: writeCallback(callbackOf(delivery)) } : {}
}
