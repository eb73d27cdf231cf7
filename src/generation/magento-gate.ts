import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { GateRules, ProbeSettings } from '../forward/gate/gate-settings.ts'
import { type HealthProbe, startHealthProbe } from '../forward/gate/health-probe.ts'
import { openUpstreamGate, type UpstreamGate } from '../forward/gate/upstream-gate.ts'
import type { SendOwnRequest } from '../forward/own-request.ts'
import type { LastingParts } from '../lasting/lasting-parts.ts'
import { logCircuits } from './circuit-log.ts'

/** The rules of a configuration for the gate to Magento. */
export function gateRules({ gateway: { magento }, integrations }: Config): GateRules {
  const { connections, queue, circuitBreaker } = magento
  return {
    connections,
    queue,
    circuitBreaker,
    weights: new Map(integrations.map(({ name, queueWeight }) => [name, queueWeight])),
  }
}

/** Opens the gate that every request to Magento passes, with metrics and log entries for what it does. */
export function openMagentoGate(
  rules: GateRules,
  { clock, metrics, log }: Pick<LastingParts, 'clock' | 'metrics' | 'log'>,
): UpstreamGate {
  const logCircuit = logCircuits(log)
  return openUpstreamGate(rules, clock, {
    onShed: metrics.gate.shed,
    onWaited: metrics.gate.waited,
    onCircuit: (state, integration) => {
      if (state === 'open') metrics.gate.circuitOpened()
      logCircuit(state, integration)
    },
  })
}

/** Starts the health probe of Magento. When Magento works again, an open circuit is tried at once. */
export function watchMagento(
  settings: ProbeSettings,
  send: SendOwnRequest,
  gate: UpstreamGate,
  log: Logger,
): HealthProbe {
  return startHealthProbe(settings, send, (result, reason, isNew) => {
    if (result === 'working') gate.tryNow()
    if (isNew) log[result === 'working' ? 'info' : 'warn']({ reason }, `Magento is ${result}`)
  })
}
