import { type Circuit, type CircuitState, newCircuit, type TrialRules } from './circuit.ts'
import { type CallCounts, openFailureWindow } from './failure-window.ts'

/** When a circuit opens, and how it closes again. */
export interface CircuitRules extends TrialRules {
  /** Opens when at least this share of calls failed; above 0 and at most 1. */
  readonly failureShare: number
  /** Never opens after fewer calls than this. */
  readonly minimumCalls: number
  /** How long calls count, milliseconds. */
  readonly windowMs: number
}

/** Stops calls to something that is failing. */
export interface CircuitBreaker {
  /** The state of the circuit for all; or of those of the single integrations, if each that makes calls has its own. */
  readonly state: () => CircuitState
  /** How many integrations have a circuit of their own that is open. */
  readonly openIntegrations: () => number
  /**
   * Asks whether a call of an integration may be made.
   * @returns a pass, to be handed to {@link note} when the call has ended; undefined if the call may not be made
   */
  readonly admit: (integration: string) => number | undefined
  /**
   * Notes the end of an admitted call.
   * @param hasFailed undefined if the call says nothing about what was called
   */
  readonly note: (pass: number, integration: string, hasFailed: boolean | undefined) => void
  /** Milliseconds until an integration may make a call again, as far as is known. */
  readonly retryAfterMs: (integration: string) => number
  /** Lets trial calls through at once where a circuit is open, because they are likely to succeed. */
  readonly tryNow: () => void
  /** Applies new rules in the present state; calls are counted anew. */
  readonly configure: (rules: CircuitRules) => void
}

/**
 * Makes a circuit breaker with one circuit for all integrations, and one for each whose calls fail while those of the
 * others do not: nobody can open the circuit of the others. All are closed at first. A call counts only in the state
 * in which it was admitted, so that calls from before a circuit opened neither close nor open it later.
 * @param clock milliseconds, never going back
 * @param onChange told of each new state; of the circuit for all if no integration is given
 */
export function openCircuitBreaker(
  startRules: CircuitRules,
  clock: () => number,
  onChange: (state: CircuitState, integration?: string) => void,
): CircuitBreaker {
  let rules = startRules
  let window = openFailureWindow(rules.windowMs)
  // How often any circuit has changed. A pass is that number at the time when it was given.
  let changes = 0
  const all = circuitWith((state) => {
    failedTrials.clear()
    onChange(state)
  })
  // Those that have opened since the circuit for all was last opened.
  const own = new Map<string, Circuit>()
  // Whose trial calls have failed since the circuit for all is half-open.
  const failedTrials = new Set<string>()

  function circuitWith(onState: (state: CircuitState) => void): Circuit {
    const nextChange = () => {
      changes += 1
      return changes
    }
    return newCircuit(() => rules, clock, nextChange, onState)
  }

  function openAll(): void {
    own.clear()
    window.clear()
    all.open()
  }

  function openOwn(integration: string): void {
    let circuit = own.get(integration)
    if (circuit === undefined) {
      circuit = circuitWith((state) => {
        // Until then its failures also tell about the circuit for all.
        if (state === 'closed') window.forget(integration)
        onChange(state, integration)
      })
      own.set(integration, circuit)
    }
    circuit.open()
  }

  function count(integration: string, hasFailed: boolean): void {
    window.note(integration, hasFailed, clock())
    if (!hasFailed) return
    const isOfAll = isFailing(window.counts()) && isShareReached(window.countsBesideWorst())
    if (isOfAll) openAll()
    else if (isFailing(window.countsOf(integration))) openOwn(integration)
  }

  function isFailing(counts: CallCounts): boolean {
    return counts.calls >= rules.minimumCalls && isShareReached(counts)
  }

  function isShareReached({ calls, failures }: CallCounts): boolean {
    return calls > 0 && failures / calls >= rules.failureShare
  }

  /**
   * If two integrations see that calls still fail, the circuit for all opens again, and until then that of the one.
   * @param isLate whether that of the one has changed since the call was admitted
   */
  function noteFailedTrial(integration: string, isLate: boolean): void {
    if (all.state() === 'half-open' && failedTrials.add(integration).size > 1) openAll()
    else if (!isLate) openOwn(integration)
  }

  function ownState(integration: string): CircuitState {
    return own.get(integration)?.state() ?? 'closed'
  }

  /** The states of the circuits of all integrations that make calls, or have one that is not closed. */
  function ownStates(): ReadonlySet<CircuitState> {
    const held = [...own.keys()].map(ownState).filter((state) => state !== 'closed')
    return new Set([...held, ...[...window.integrations(clock())].map(ownState)])
  }

  return {
    state: () => {
      const state = all.state()
      if (state !== 'closed') return state
      const states = ownStates()
      return (['closed', 'half-open', 'open'] as const).find((each) => states.has(each)) ?? 'closed'
    },
    openIntegrations: () => [...own.keys()].filter((each) => ownState(each) === 'open').length,
    admit: (integration) => {
      if (!all.admit()) return undefined
      if (own.get(integration)?.admit() === false) {
        all.note(changes, undefined)
        return undefined
      }
      return changes
    },
    note: (pass, integration, hasFailed) => {
      const ofAll = all.note(pass, hasFailed)
      const ofOwn = own.get(integration)?.note(pass, hasFailed) ?? 'usual'
      if (ofAll === 'trial' || ofOwn === 'trial') {
        if (hasFailed) noteFailedTrial(integration, ofOwn === 'late')
      } else if (ofAll === 'usual' && ofOwn === 'usual' && hasFailed !== undefined) {
        count(integration, hasFailed)
      }
    },
    retryAfterMs: (integration) =>
      Math.max(all.retryAfterMs(), own.get(integration)?.retryAfterMs() ?? 0),
    tryNow: () => {
      for (const circuit of [all, ...own.values()]) circuit.tryNow()
    },
    configure: (next) => {
      rules = next
      window = openFailureWindow(next.windowMs)
      for (const circuit of [all, ...own.values()]) circuit.reconsider()
    },
  }
}
