/** `closed`: calls are made. `open`: no calls are made. `half-open`: a few are made to find out whether they succeed. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** How a circuit that has opened closes again. */
export interface TrialRules {
  /** How long it stays open, milliseconds. */
  readonly openMs: number
  /** How many trial calls are let through after that; it closes when that many have succeeded. */
  readonly trialCalls: number
}

/** One circuit. It closes by itself; when it opens is decided from outside. */
export interface Circuit {
  readonly state: () => CircuitState
  /** Whether a call may be made. If so, hand its end to {@link note}. */
  readonly admit: () => boolean
  /**
   * Notes the end of an admitted call. A trial call that failed does not open the circuit by itself.
   * @param pass number of the latest change of any circuit when the call was admitted
   * @param hasFailed undefined if the call says nothing about what was called
   * @returns what the call was: `late` if the circuit has changed since
   */
  readonly note: (pass: number, hasFailed: boolean | undefined) => 'usual' | 'trial' | 'late'
  /** Opens it from now on, also if it is open. */
  readonly open: () => void
  /** Milliseconds until a call may be made, as far as is known. */
  readonly retryAfterMs: () => number
  /** If open, lets trial calls through at once, because they are likely to succeed. */
  readonly tryNow: () => void
  /** Closes it if its rules have changed and demand no more trial calls than have succeeded. */
  readonly reconsider: () => void
}

/**
 * Makes a closed circuit.
 * @param rules read each time, so that they may change
 * @param clock milliseconds, never going back
 * @param nextChange numbers changes of state; each number is higher than all before
 * @param onChange told of each new state
 */
export function newCircuit(
  rules: () => TrialRules,
  clock: () => number,
  nextChange: () => number,
  onChange: (state: CircuitState) => void,
): Circuit {
  let state: CircuitState = 'closed'
  let since = 0
  let opensUntilMs = 0
  let trialsUnderWay = 0
  // None unless it is half-open.
  let trialsDone = 0

  function change(to: CircuitState): void {
    state = to
    since = nextChange()
    trialsUnderWay = 0
    trialsDone = 0
    onChange(to)
  }

  /** Ends the open state when its time is over, so that whoever reads the state sees that calls may be made. */
  function endOpen(): void {
    if (state === 'open' && clock() >= opensUntilMs) change('half-open')
  }

  function reconsider(): void {
    if (trialsDone >= rules().trialCalls) change('closed')
  }

  return {
    state: () => {
      endOpen()
      return state
    },
    admit: () => {
      if (state === 'closed') return true
      endOpen()
      if (state === 'open' || trialsUnderWay + trialsDone >= rules().trialCalls) return false
      trialsUnderWay += 1
      return true
    },
    note: (pass, hasFailed) => {
      if (pass < since) return 'late'
      if (state !== 'half-open') return 'usual'
      trialsUnderWay -= 1
      if (hasFailed === false) trialsDone += 1
      reconsider()
      return 'trial'
    },
    open: () => {
      opensUntilMs = clock() + rules().openMs
      change('open')
    },
    retryAfterMs: () => (state === 'open' ? Math.max(0, opensUntilMs - clock()) : 0),
    tryNow: () => {
      if (state === 'open') change('half-open')
    },
    reconsider,
  }
}
