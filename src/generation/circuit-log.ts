import type { Logger } from 'pino'
import type { CircuitState } from '../forward/gate/circuit.ts'

/**
 * Logs when circuits open and when they close again. That calls still fail when they are tried again, every few seconds,
 * is not logged anew.
 */
export function logCircuits(
  log: Pick<Logger, 'error' | 'info'>,
): (state: CircuitState, integration?: string) => void {
  let isAllOpen = false
  const failing = new Set<string>()

  function noteAll(state: CircuitState): void {
    if (state === 'open' && !isAllOpen) log.error('Magento is failing: the circuit to it is open')
    if (state === 'closed') log.info('the circuit to Magento is closed')
    if (state !== 'half-open') isAllOpen = state === 'open'
    // The circuits of single integrations have given way to the one for all.
    if (state === 'open') failing.clear()
  }

  function noteOne(state: CircuitState, integration: string): void {
    if (state === 'open' && !isAllOpen && !failing.has(integration)) {
      failing.add(integration)
      log.error(
        { integration },
        'the circuit to Magento is open for one integration: its calls fail',
      )
    }
    if (state === 'closed' && failing.delete(integration)) {
      log.info({ integration }, 'the circuit to Magento is closed again for one integration')
    }
  }

  return (state, integration) => {
    if (integration === undefined) noteAll(state)
    else noteOne(state, integration)
  }
}
