import { type Rejection, reject } from '../../problem.ts'
import type { CircuitState } from './circuit.ts'
import { openCircuitBreaker } from './circuit-breaker.ts'
import type { GateRules } from './gate-settings.ts'
import { type Guest, openWaitingRoom, type WaitResult } from './waiting-room.ts'

/** Why a request was not sent. */
export type ShedReason = 'queue-full' | 'deadline' | 'circuit-open'

/** What a gate reports. */
export interface GateEvents {
  readonly onShed: (reason: ShedReason) => void
  /** A request has waited so long, milliseconds. */
  readonly onWaited: (ms: number) => void
  /** The circuit for all, or that of one integration, has a new state. */
  readonly onCircuit: (state: CircuitState, integration?: string) => void
}

/** The state of a gate. */
export interface GateStatus {
  /** That of all integrations that make requests; closed while the breaker is off. */
  readonly circuit: CircuitState
  /** For how many integrations the circuit is open while others' requests are sent. */
  readonly openIntegrations: number
  readonly inFlight: number
  readonly waiting: number
}

/** Every request to Magento passes it, so that Magento is not asked for more than it can do. */
export interface UpstreamGate {
  /**
   * Lets a request through, or makes it wait for its turn. Whoever gets a pass must call {@link leave}.
   * @param withinMs how much time the request has left, milliseconds; it does not wait for longer
   * @returns a pass; or a rejection, in which case nothing may be sent; or undefined if the caller left while waiting
   */
  readonly enter: (guest: Guest, withinMs: number) => number | Rejection | Promise<WaitResult>
  /**
   * Ends a request that was let through.
   * @param hasFailed whether Magento has failed; undefined if the request says nothing about that
   * @param durationMs how long Magento was at work; undefined if nothing was sent
   */
  readonly leave: (
    pass: number,
    guest: Guest,
    hasFailed: boolean | undefined,
    durationMs: number | undefined,
  ) => void
  /** Lets a few requests through although the circuit is open, because Magento was seen to work. */
  readonly tryNow: () => void
  readonly status: () => GateStatus
  /**
   * Applies new rules from now on. Requests that wait keep their deadlines and their turns, and are let through at once
   * if there are more connections now.
   */
  readonly configure: (rules: GateRules) => void
}

/** The pass of a request that is sent although the circuit is open; its end is not counted. */
const noPass = -1

/**
 * Opens a gate. It lets through as many requests at once as there are connections and makes others wait for their
 * turn; while Magento is failing it lets none through. If nobody waits and nothing fails, it only counts.
 * @param clock milliseconds, never going back
 */
export function openUpstreamGate(
  startRules: GateRules,
  clock: () => number,
  events: GateEvents,
): UpstreamGate {
  let rules = startRules
  let inFlight = 0
  const breaker = openCircuitBreaker(rules.circuitBreaker, clock, (state, integration) => {
    events.onCircuit(state, integration)
    if (state === 'open' && isEnforced()) room.turnAllAway(circuitOpen, integration)
  })
  const room = openWaitingRoom(() => rules, clock, {
    onWaited: events.onWaited,
    onTurnedAway: events.onShed,
    onUnused: (pass, guest) => breaker.note(pass, nameOf(guest), undefined),
  })

  function isEnforced(): boolean {
    return rules.circuitBreaker.mode === 'enforce'
  }

  function circuitOpen(guest: Guest): Rejection {
    events.onShed('circuit-open')
    const waitMs = breaker.retryAfterMs(nameOf(guest))
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
    return reject('circuit-open', 'Magento has failed', { retryAfterSeconds })
  }

  function fill(): void {
    while (inFlight < rules.connections && room.callNext()) inFlight += 1
  }

  return {
    enter: (guest, withinMs) => {
      const pass = breaker.admit(nameOf(guest)) ?? (isEnforced() ? undefined : noPass)
      if (pass === undefined) return circuitOpen(guest)
      if (inFlight >= rules.connections) return room.wait(guest, pass, withinMs)
      inFlight += 1
      return pass
    },
    leave: (pass, guest, hasFailed, durationMs) => {
      inFlight -= 1
      if (durationMs !== undefined) room.noteCost(guest.verified, durationMs)
      // Even if the breaker is off, since a trial request must give its place back.
      const counted = rules.circuitBreaker.mode === 'off' ? undefined : hasFailed
      breaker.note(pass, nameOf(guest), counted)
      if (room.size() > 0) fill()
    },
    tryNow: breaker.tryNow,
    status: () => {
      // Under earlier rules it may have opened.
      const isOff = rules.circuitBreaker.mode === 'off'
      return {
        circuit: isOff ? 'closed' : breaker.state(),
        openIntegrations: isOff ? 0 : breaker.openIntegrations(),
        inFlight,
        waiting: room.size(),
      }
    },
    configure: (next) => {
      rules = next
      breaker.configure(next.circuitBreaker)
      fill()
    },
  }
}

/** The integration that a guest counts for; requests of the gateway's own count together. */
function nameOf({ verified }: Guest): string {
  return verified ?? ''
}
