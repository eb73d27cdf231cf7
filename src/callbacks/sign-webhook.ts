import { createHmac } from 'node:crypto'

/** The form of a secret of Standard Webhooks 1.0: this prefix, then base64. */
const secretForm =
  /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))$/

const minKeyBytes = 24
const maxKeyBytes = 64

/** What a secret must look like, for the error about one that does not. */
export const webhookSecretForm = `a secret such as \`echo "whsec_$(openssl rand -base64 32)"\` makes it: whsec_ and base64 of ${minKeyBytes} to ${maxKeyBytes} bytes`

/** The key that a secret stands for; undefined where it has another form or length. */
export function webhookKey(secret: string): Buffer | undefined {
  const [, base64] = secretForm.exec(secret) ?? []
  if (base64 === undefined) return undefined
  const key = Buffer.from(base64, 'base64')
  return key.length < minKeyBytes || key.length > maxKeyBytes ? undefined : key
}

/** Signs one sending of a webhook: the fields that go with it, names and values in turn. */
export type SignWebhook = (id: string, sentAtMs: number, payload: string) => string[]

/**
 * Prepares signatures of Standard Webhooks 1.0, scheme `v1`: HMAC-SHA256 over `ID.SECONDS.PAYLOAD`. There is one for
 * each key, so that a receiver that knows one of the keys can verify it while keys are being rotated.
 * @param keys from {@link webhookKey}, at least one
 */
export function prepareWebhookSignature(keys: readonly Buffer[]): SignWebhook {
  return (id, sentAtMs, payload) => {
    // With a dot in the id, the signed text could be read as another id, time and payload.
    if (!/^[A-Za-z0-9_-]+$/.test(id))
      throw new TypeError('a webhook id with a sign of another kind')
    const timestamp = String(Math.floor(sentAtMs / 1000))
    const signed = `${id}.${timestamp}.${payload}`
    const signatures = keys.map(
      (key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    )
    return [
      ...['webhook-id', id],
      ...['webhook-timestamp', timestamp],
      ...['webhook-signature', signatures.join(' ')],
    ]
  }
}
