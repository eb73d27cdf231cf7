import { openFailureWindow } from './failure-window.ts'

/** `closed`: calls are made. `open`: no calls are made. `half-open`: a few are made to find out whether they succeed. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** When a circuit opens, and how it closes again. */
export interface CircuitRules {
  /** Opens when at least this share of calls failed; above 0 and at most 1. */
  readonly failureShare: number
  /** Never opens after fewer calls than this. */
  readonly minimumCalls: number
  /** How long calls count, milliseconds. */
  readonly windowMs: number
  /** How long it stays open, milliseconds. */
  readonly openMs: number
  /** How many trial calls are let through after that; it closes when that many have succeeded. */
  readonly probes: number
}

/** Stops calls to something that is failing. */
export interface CircuitBreaker {
  readonly state: () => CircuitState
  /**
   * Asks whether a call may be made.
   * @returns a pass, to be handed to {@link note} when the call has ended; undefined if the call may not be made
   */
  readonly admit: () => number | undefined
  /**
   * Notes the end of an admitted call.
   * @param hasFailed undefined if the call says nothing about what was called
   */
  readonly note: (pass: number, hasFailed: boolean | undefined, nowMs: number) => void
  /** Milliseconds until a call may be made again, as far as is known. */
  readonly retryAfterMs: () => number
  /** If open, lets trial calls through at once, because they are likely to succeed. */
  readonly tryNow: () => void
  /** Applies new rules in the present state; calls are counted anew. */
  readonly configure: (rules: CircuitRules) => void
}

/**
 * Makes a closed circuit breaker. A call counts only in the state in which it was admitted, so that calls from before
 * the circuit opened neither close nor open it later.
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
  // Number of the present state. A pass is the number of the state in which it was given.
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

  /** Ends the open state when its time is over, so that whoever reads the state sees that calls may be made. */
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
      if (calls >= rules.minimumCalls && failures / calls >= rules.failureShare) open(nowMs)
    },
    retryAfterMs: () => (state === 'open' ? Math.max(0, opensUntilMs - clock()) : 0),
    tryNow: () => {
      if (state === 'open') change('half-open')
    },
    configure: (next) => {
      rules = next
      window = openFailureWindow(next.windowMs)
      // With fewer trial calls now demanded, no further one would be let through to close it.
      if (state === 'half-open' && probesDone >= next.probes) change('closed')
    },
  }
}
