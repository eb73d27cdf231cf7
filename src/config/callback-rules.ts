import { destinationFault } from '../callbacks/destination.ts'
import { webhookKey, webhookSecretForm } from '../callbacks/sign-webhook.ts'
import { Secret } from '../contract/secret.ts'
import type { RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/** Checks the call-back settings of an integration for what a schema cannot express. */
export function checkCallbackRules({ callback }: IntegrationSettings): RuleFault[] {
  if (callback === undefined) return []
  const { url, secrets, allowAddresses } = callback
  const faults = secrets.flatMap((secret, index) =>
    secret instanceof Secret && webhookKey(secret.reveal()) === undefined
      ? [{ pointer: `/callback/secrets/${index}`, expected: webhookSecretForm }]
      : [],
  )
  const expected = destinationFault(url, allowAddresses)
  return expected === undefined ? faults : [{ pointer: '/callback/url', expected }, ...faults]
}
