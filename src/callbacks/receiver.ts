import { lookup } from 'node:dns/promises'
import type { RetrySettings } from '../contract/retry-schedule.ts'
import type { CallbackSettings } from './callback-settings.ts'
import { compileDestination, type Resolve } from './destination.ts'
import { lookupsInTurn } from './lookups-in-turn.ts'
import { prepareSender, type SenderServices, type Sending } from './send-callback.ts'
import { prepareWebhookSignature, webhookKey } from './sign-webhook.ts'

/** The receiver of the call-backs of an integration, ready for use. */
export interface Receiver {
  /** Signs and posts a call-back once; it does not reject. */
  readonly call: (id: string, payload: string, signal: AbortSignal) => Promise<Sending>
  readonly concurrency: number
  readonly retry: RetrySettings & { readonly giveUpAfterMs: number }
}

/** Prepares a receiver from settings that have been checked. */
export function prepareReceiver(settings: CallbackSettings, services: SenderServices): Receiver {
  const { url, secrets, allowAddresses, caFile, concurrency, timeoutMs, retry } = settings
  const keys = secrets.flatMap((secret) => webhookKey(secret.reveal()) ?? [])
  const sign = prepareWebhookSignature(keys)
  const destination = compileDestination(url, allowAddresses)
  const send = prepareSender({ destination, caFile, timeoutMs }, services)
  return {
    call: (id, payload, signal) => send(sign(id, services.clock(), payload), payload, signal),
    concurrency,
    retry,
  }
}

/** Asks the resolver of the system, including `/etc/hosts`; all its answers are checked afterwards. */
const resolveBySystem: Resolve = lookupsInTurn(
  async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
  () => performance.now(),
)

/** Prepares the receivers of call-backs, by name of the integration. */
export function prepareReceivers(
  integrations: readonly {
    readonly name: string
    readonly callback?: CallbackSettings | undefined
  }[],
): ReadonlyMap<string, Receiver> {
  const services = { resolve: resolveBySystem, clock: Date.now }
  return new Map(
    integrations.flatMap(({ name, callback }) =>
      callback === undefined ? [] : [[name, prepareReceiver(callback, services)] as const],
    ),
  )
}
