import { type Rejection, reject } from '../../problem.ts'
import { type CircuitState, openCircuitBreaker } from './circuit-breaker.ts'
import type { GateSettings } from './gate-settings.ts'
import { type Guest, openWaitingRoom, type WaitResult } from './waiting-room.ts'

/** Why a request was not sent. */
export type ShedReason = 'queue-full' | 'deadline' | 'circuit-open'

/** What is to be known of a gate. */
export interface GateEvents {
  readonly onShed: (reason: ShedReason) => void
  /** A request has waited so long, milliseconds. */
  readonly onWaited: (ms: number) => void
  readonly onCircuit: (state: CircuitState) => void
}

/** How a gate stands. */
export interface GateStatus {
  readonly circuit: CircuitState
  readonly inFlight: number
  readonly waiting: number
}

/** Through which every request to Magento goes, so that Magento is not asked for more than it can do. */
export interface UpstreamGate {
  /**
   * Lets a request through, or has it wait for its turn. Whoever has a pass must {@link leave}.
   * @returns a pass; or a refusal, of which nothing was sent; or, after a wait, nothing: the caller left
   */
  readonly enter: (guest: Guest) => number | Rejection | Promise<WaitResult>
  /**
   * Ends a request that was let through.
   * @param hasFailed whether Magento has; undefined where it says nothing about Magento
   * @param durationMs how long Magento was at work; undefined where nothing was sent
   */
  readonly leave: (
    pass: number,
    guest: Guest,
    hasFailed: boolean | undefined,
    durationMs: number | undefined,
  ) => void
  /** Lets a few requests through where none is; somebody has seen that Magento works. */
  readonly tryNow: () => void
  readonly status: () => GateStatus
  /** Goes by other rules from now on; what is in flight and what waits stays as it is. */
  readonly configure: (rules: GateRules) => void
}

/** What a gate goes by. */
export interface GateRules extends GateSettings {
  /** Of integrations, by name; 1 for those that it does not have. */
  readonly weights: ReadonlyMap<string, number>
}

/** Of a request that is sent although the circuit is open; its end counts for nothing. */
const noPass = -1

/**
 * Opens a gate: as many requests at once as there are connections, the others wait for their turn, and none
 * while Magento fails. Where nobody waits and nothing fails, it counts and does nothing else.
 * @param clock milliseconds, never going back
 */
export function openUpstreamGate(
  startRules: GateRules,
  clock: () => number,
  events: GateEvents,
): UpstreamGate {
  let rules = startRules
  let inFlight = 0
  const breaker = openCircuitBreaker(rules.circuitBreaker, clock, (state) => {
    events.onCircuit(state)
    if (state === 'open' && isEnforced()) room.turnAllAway(circuitOpen)
  })
  const room = openWaitingRoom(
    () => ({ ...rules.queue, places: rules.connections, weights: rules.weights }),
    clock,
    {
      onWaited: events.onWaited,
      onTurnedAway: events.onShed,
      onUnused: (pass) => breaker.note(pass, undefined, clock()),
    },
  )

  function isEnforced(): boolean {
    return rules.circuitBreaker.mode === 'enforce'
  }

  function circuitOpen(): Rejection {
    events.onShed('circuit-open')
    const retryAfterSeconds = Math.max(1, Math.ceil(breaker.retryAfterMs() / 1000))
    return reject('circuit-open', 'Magento has failed', { retryAfterSeconds })
  }

  function fill(): void {
    while (inFlight < rules.connections && room.callNext()) inFlight += 1
  }

  return {
    enter: (guest) => {
      const pass = breaker.admit() ?? (isEnforced() ? undefined : noPass)
      if (pass === undefined) return circuitOpen()
      if (inFlight >= rules.connections) return room.wait(guest, pass)
      inFlight += 1
      return pass
    },
    leave: (pass, guest, hasFailed, durationMs) => {
      inFlight -= 1
      if (durationMs !== undefined) room.charge(guest.verified, durationMs)
      // Also where it is off: what was sent to find out gives its place back.
      breaker.note(pass, rules.circuitBreaker.mode === 'off' ? undefined : hasFailed, clock())
      if (room.size() > 0) fill()
    },
    tryNow: breaker.tryNow,
    status: () => ({ circuit: breaker.state(), inFlight, waiting: room.size() }),
    configure: (next) => {
      rules = next
      breaker.configure(next.circuitBreaker)
      fill()
    },
  }
}
