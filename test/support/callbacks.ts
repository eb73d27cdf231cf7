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
