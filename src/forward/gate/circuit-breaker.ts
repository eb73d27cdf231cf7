import { openFailureWindow } from './failure-window.ts'

/** `closed`: calls are made. `open`: none is. `half-open`: a few are, to find out. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** When a circuit opens, and how it closes again. */
export interface CircuitRules {
  /** Opens where at least this share of calls failed, above 0 and at most 1. */
  readonly failureShare: number
  /** Of fewer calls than this nothing is concluded. */
  readonly minimumCalls: number
  /** Over what time calls count, milliseconds. */
  readonly windowMs: number
  /** How long it stays open, milliseconds. */
  readonly openMs: number
  /** How many calls are let through at once when that time is over; when so many went well, it closes. */
  readonly probes: number
}

/** Stops calling what fails. */
export interface CircuitBreaker {
  readonly state: () => CircuitState
  /**
   * Asks whether a call may be made.
   * @returns what its end is told with; undefined where it may not be made
   */
  readonly admit: () => number | undefined
  /**
   * Tells the end of a call that was admitted.
   * @param hasFailed undefined where the call says nothing about what was called
   */
  readonly note: (pass: number, hasFailed: boolean | undefined, nowMs: number) => void
  /** Milliseconds until a call may be made again, as far as it is known. */
  readonly retryAfterMs: () => number
  /** Lets a few calls through now, where none is; somebody has seen that it may go well. */
  readonly tryNow: () => void
  /** Goes on by other rules in the state that it is in; calls are counted anew. */
  readonly configure: (rules: CircuitRules) => void
}

/**
 * Makes a circuit breaker that is closed. A call counts only in the state that it was admitted in, so that
 * what was sent before the circuit opened neither closes nor opens it later.
 * @param clock milliseconds, never going back
 * @param onChange told of each new state
 */
export function openCircuitBreaker(
  startRules: CircuitRules,
  clock: () => number,
  onChange: (state: CircuitState) => void,
): CircuitBreaker {
  let rules = startRules
  let window = openFailureWindow(rules.windowMs)
  let state: CircuitState = 'closed'
  // Of the present state; a pass is the number of the state that it was given in.
  let number = 0
  let opensUntilMs = 0
  let probesUnderWay = 0
  let probesDone = 0

  function change(to: CircuitState): void {
    state = to
    number += 1
    probesUnderWay = 0
    probesDone = 0
    onChange(to)
  }

  function open(nowMs: number): void {
    opensUntilMs = nowMs + rules.openMs
    window.clear()
    change('open')
  }

  function noteProbe(hasFailed: boolean | undefined, nowMs: number): void {
    probesUnderWay -= 1
    if (hasFailed === false) probesDone += 1
    if (hasFailed === true) open(nowMs)
    else if (probesDone >= rules.probes) change('closed')
  }

  /** Open no longer than it says: who goes by the state may call only where it is another one. */
  function endOpen(): void {
    if (state === 'open' && clock() >= opensUntilMs) change('half-open')
  }

  return {
    state: () => {
      endOpen()
      return state
    },
    admit: () => {
      if (state === 'closed') return number
      endOpen()
      if (state === 'open') return undefined
      if (probesUnderWay + probesDone >= rules.probes) return undefined
      probesUnderWay += 1
      return number
    },
    note: (pass, hasFailed, nowMs) => {
      if (pass !== number) return
      if (state === 'half-open') return noteProbe(hasFailed, nowMs)
      if (hasFailed === undefined) return
      window.note(hasFailed, nowMs)
      if (!hasFailed) return
      const { calls, failures } = window.counts(nowMs)
      if (calls >= rules.minimumCalls && failures >= calls * rules.failureShare) open(nowMs)
    },
    retryAfterMs: () => (state === 'open' ? Math.max(0, opensUntilMs - clock()) : 0),
    tryNow: () => {
      if (state === 'open') change('half-open')
    },
    configure: (next) => {
      rules = next
      window = openFailureWindow(next.windowMs)
      // No further call would be let through to close it.
      if (state === 'half-open' && probesDone >= next.probes) change('closed')
    },
  }
}
