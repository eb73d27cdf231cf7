import type { RetrySettings } from '../contract/retry-schedule.ts'
import type { CallbackSettings } from './callback-settings.ts'
import { compileDestination } from './destination.ts'
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
