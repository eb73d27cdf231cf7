import type { Registry } from 'prom-client'
import type { ProbeResult } from '../../forward/gate/health-probe.ts'
import type { GateStatus, ShedReason } from '../../forward/gate/upstream-gate.ts'
import { eventCounter, readGauge, tallyCounter, tallyHistogram, watchedGauge } from './tally.ts'

/** The state of requests to Magento, read at each scrape. */
export interface MagentoStatus extends GateStatus {
  /** The result of the gateway's last probe of Magento; absent if it does not probe. */
  readonly probe?: ProbeResult
}

/** Metrics of requests that are held back from Magento. */
export interface GateMetrics {
  /** Counts a request that was refused instead of being sent. */
  readonly shed: (reason: ShedReason) => void
  /** Records how long a request has waited, in milliseconds. */
  readonly waited: (ms: number) => void
  readonly circuitOpened: () => void
  readonly watch: (read: () => MagentoStatus) => void
}

const waitBounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const circuitStates = ['closed', 'open', 'half-open'] as const

/** Registers the metrics of requests that are held back from Magento. */
export function gateMetrics(registry: Registry): GateMetrics {
  const sheds = tallyCounter(registry, {
    name: 'magegate_upstream_shed_total',
    help: 'Requests that were not sent to Magento, by reason.',
    labelNames: ['reason'],
  })
  for (const reason of ['queue-full', 'deadline', 'circuit-open']) sheds(reason)
  const waitForm = {
    name: 'magegate_upstream_queue_wait_seconds',
    help: 'How long requests waited that had to wait for their turn at Magento.',
  }
  const waits = tallyHistogram(registry, waitForm, waitBounds)()
  function watch(read: () => MagentoStatus): void {
    watchedGauge(registry, {
      name: 'magegate_upstream_in_flight_requests',
      help: 'Requests that Magento is working on.',
    })(() => read().inFlight)
    watchedGauge(registry, {
      name: 'magegate_upstream_queue_requests',
      help: 'Requests that wait for their turn at Magento.',
    })(() => read().waiting)
    const circuit = {
      name: 'magegate_upstream_circuit_state',
      help: '1 for the state that the circuit to Magento is in, 0 for the others.',
      labelNames: ['state'],
    } as const
    readGauge(registry, circuit, () => {
      const current = read().circuit
      return circuitStates.map((state) => [[state], Number(state === current)] as const)
    })
    watchedGauge(registry, {
      name: 'magegate_upstream_circuit_open_integrations',
      help: 'Integrations whose requests are not sent because theirs fail, while those of others are, or are tried.',
    })(() => read().openIntegrations)
    const probe = {
      name: 'magegate_upstream_probe_up',
      help: '1 if the last probe found Magento working, otherwise 0; absent if the gateway has not probed.',
    }
    readGauge(registry, probe, () => {
      const { probe: result = 'unknown' } = read()
      return result === 'unknown' ? [] : [[[], Number(result === 'working')]]
    })
  }
  return {
    shed: (reason) => {
      sheds(reason).count += 1
    },
    waited: (ms) => waits.observe(ms / 1000),
    circuitOpened: eventCounter(registry, {
      name: 'magegate_upstream_circuit_opened_total',
      help: 'How often the circuit to Magento opened because Magento failed.',
    }),
    watch,
  }
}
