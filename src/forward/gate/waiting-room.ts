import { type Rejection, reject } from '../../problem.ts'
import type { RequestContext } from '../../request-context.ts'
import { newLine, openFairQueue, type QueueLine } from './fair-queue.ts'
import type { GateRules } from './gate-settings.ts'

/** What asks to be let through: the request of a caller, or a request that the gateway makes for an integration. */
export type Guest = Pick<RequestContext, 'verified'> &
  Partial<
    Pick<
      RequestContext,
      'heldKey' | 'leaveQueue' | 'method' | 'upstream' | 'waitedMs' | 'waitsSince'
    >
  >

/** The result for a guest that had to wait: its pass, a refusal, or undefined because it left. */
export type WaitResult = number | Rejection | undefined

/** What the waiting room reports. */
export interface RoomEvents {
  /** A guest was called in, or its deadline has passed, after so many milliseconds. */
  readonly onWaited: (ms: number) => void
  readonly onTurnedAway: (reason: 'queue-full' | 'deadline') => void
  /** A pass will not be used, because its guest was turned away or left. */
  readonly onUnused: (pass: number, guest: Guest) => void
}

/** Where guests wait until there is a place for them. */
export interface WaitingRoom {
  readonly size: () => number
  /**
   * Makes a guest wait; resolves with the result. If too many wait, one of them is turned away at once, which may be
   * this one.
   * @param withinMs longest that this guest waits, if that is less than the rules say; milliseconds
   */
  readonly wait: (guest: Guest, pass: number, withinMs: number) => Promise<WaitResult>
  /** Calls in the guest whose turn it is; false if nobody waits. */
  readonly callNext: () => boolean
  /** Refuses all guests that wait, or only those of one integration. */
  readonly turnAllAway: (refuse: (guest: Guest) => Rejection, integration?: string) => void
  /** Notes for how many milliseconds a request of an integration held a place: its next ones cost it about as much. */
  readonly noteCost: (integration: string | undefined, ms: number) => void
}

interface Waiter {
  readonly guest: Guest
  readonly pass: number
  readonly sinceMs: number
  readonly settle: (result: WaitResult) => void
  readonly timer: NodeJS.Timeout
}

/**
 * Whether a guest gives up its place when its caller leaves. A request with a key is carried out all the same, and so is
 * a write of an endpoint once it has made a call: it would be half done.
 */
function mayLeave({ heldKey, method, upstream }: Guest): boolean {
  return heldKey === undefined && (method === 'GET' || upstream === undefined)
}

/** The latest request makes up one eighth of a moving average. */
const smoothing = 8
/** How long a request is assumed to hold a place before anything is known, milliseconds. */
const unknownCostMs = 100
/** With a cost of 0 an integration would always go first. */
const leastCostMs = 1
const longestRetryAfterSeconds = 60

/**
 * Opens a waiting room that serves integrations fairly by the time for which their requests hold a place: an
 * integration with slow requests is called in less often. How long a request will take is not known when it is called
 * in, so it is charged the moving average of its integration. Requests that did not have to wait are not charged.
 * @param rules read each time, so that they may change
 * @param clock milliseconds, never going back
 */
export function openWaitingRoom(
  rules: () => GateRules,
  clock: () => number,
  { onWaited, onTurnedAway, onUnused }: RoomEvents,
): WaitingRoom {
  const queue = openFairQueue<Waiter>(() => rules().queue.maxWaiting)
  const lines = new Map<string, QueueLine<Waiter>>()
  // The moving average over all integrations, which a new one starts with.
  let meanCostMs = unknownCostMs

  function lineOf(integration = ''): QueueLine<Waiter> {
    let line = lines.get(integration)
    if (line === undefined) {
      line = newLine(1, meanCostMs)
      lines.set(integration, line)
    }
    return line
  }

  /** Ends a wait; gives how long it was, milliseconds. */
  function settle(waiter: Waiter, result: WaitResult): number {
    const waitedMs = clock() - waiter.sinceMs
    clearTimeout(waiter.timer)
    waiter.guest.leaveQueue = undefined
    waiter.guest.waitsSince = undefined
    waiter.guest.waitedMs = (waiter.guest.waitedMs ?? 0) + waitedMs
    if (typeof result !== 'number') onUnused(waiter.pass, waiter.guest)
    waiter.settle(result)
    return waitedMs
  }

  function busy(reason: string): Rejection {
    const seconds = Math.ceil((queue.size() * meanCostMs) / rules().connections / 1000)
    const retryAfterSeconds = Math.min(longestRetryAfterSeconds, Math.max(1, seconds))
    return reject('upstream-busy', reason, { retryAfterSeconds })
  }

  function turnAway(waiter: Waiter, reason: 'queue-full' | 'deadline'): void {
    onTurnedAway(reason)
    const waitedMs = settle(waiter, busy(reason))
    if (reason === 'deadline') onWaited(waitedMs)
  }

  function wait(guest: Guest, pass: number, withinMs: number): Promise<WaitResult> {
    const line = lineOf(guest.verified)
    line.weight = rules().weights.get(guest.verified ?? '') ?? 1
    const { promise, resolve } = Promise.withResolvers<WaitResult>()
    const sinceMs = clock()
    guest.waitsSince = sinceMs
    const waiter: Waiter = {
      guest,
      pass,
      sinceMs,
      settle: resolve,
      timer: setTimeout(
        () => {
          if (queue.remove(line, waiter)) turnAway(waiter, 'deadline')
        },
        Math.min(rules().queue.maxWaitMs, withinMs),
      ),
    }
    if (mayLeave(guest)) {
      guest.leaveQueue = () => {
        if (queue.remove(line, waiter)) settle(waiter, undefined)
      }
    }
    const displaced = queue.push(line, waiter)
    if (displaced !== undefined) turnAway(displaced, 'queue-full')
    return promise
  }

  return {
    size: queue.size,
    wait,
    callNext: () => {
      const waiter = queue.shift()
      if (waiter === undefined) return false
      onWaited(settle(waiter, waiter.pass))
      return true
    },
    turnAllAway: (refuse, integration) => {
      const affected = integration === undefined ? [...lines.values()] : [lineOf(integration)]
      for (const line of affected) {
        for (const waiter of [...line.waiting]) {
          if (queue.remove(line, waiter)) settle(waiter, refuse(waiter.guest))
        }
      }
    },
    noteCost: (integration, ms) => {
      const line = lineOf(integration)
      line.cost = Math.max(leastCostMs, line.cost + (ms - line.cost) / smoothing)
      meanCostMs += (ms - meanCostMs) / smoothing
    },
  }
}
