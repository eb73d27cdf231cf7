import { destinationFault } from '../callbacks/destination.ts'
import { webhookKey, webhookSecretForm } from '../callbacks/sign-webhook.ts'
import { Secret } from '../contract/secret.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/** Checks the call-back settings of an integration for what a schema cannot express. */
export function checkCallbackRules({ callback }: IntegrationSettings): RuleFault[] {
  if (callback === undefined) return []
  const { url, secrets, allowAddresses } = callback
  const isWrong = (secret: unknown) =>
    secret instanceof Secret && webhookKey(secret.reveal()) === undefined
  return [
    ...faultAt('/callback/url', destinationFault(url, allowAddresses)),
    ...secrets.flatMap((secret, index) =>
      faultAt(`/callback/secrets/${index}`, isWrong(secret) && webhookSecretForm),
    ),
  ]
}
