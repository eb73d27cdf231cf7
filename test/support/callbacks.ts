import type { CallbackSettings } from '../../src/callbacks/callback-settings.ts'
import { Secret } from '../../src/contract/secret.ts'
import { pemFile } from './tls/pem.ts'

/** Secrets that call-backs of tests are signed with, as environment variables. */
export const callbackEnv = {
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  NEXT_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 8).toString('base64')}`,
} as const

/** The setting `callback` of an integration, towards a receiver on loopback, with waits that no test notices. */
export function callbackTo(url: string, change: object = {}) {
  return {
    url,
    secrets: ['env:WEBHOOK_SECRET'],
    allowAddresses: ['127.0.0.0/8'],
    caFile: pemFile('loopback.cert'),
    retry: { firstMs: 20, longestMs: 100 },
    ...change,
  }
}

/** The same as a loaded configuration has it, for tests without a gateway. */
export function loadedCallback(
  url: string,
  change: Partial<CallbackSettings> = {},
): CallbackSettings {
  return {
    url,
    secrets: [new Secret(callbackEnv.WEBHOOK_SECRET)],
    allowAddresses: ['127.0.0.1'],
    caFile: pemFile('loopback.cert'),
    concurrency: 2,
    timeoutMs: 60_000,
    retry: { firstMs: 10, longestMs: 50, giveUpAfterMs: 86_400_000 },
    ...change,
  }
}
