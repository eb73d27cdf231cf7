import type { Config } from '../config.ts'
import type { Fault } from './faults.ts'
import { changedPointers } from './same-settings.ts'

/**
 * JSON Pointers to the settings of gateway.yaml that can change while the gateway runs. The list contains these rather
 * than the others, so that a change of a setting that was forgotten here is refused, instead of being accepted without
 * effect.
 */
export const changeableSettings = [
  '/admin/token',
  '/audit/redact',
  '/audit/tokenHashKey',
  '/cache/answerKiB',
  '/limits/arrayItems',
  '/limits/bodyMemoryMiB',
  '/limits/perAddress',
  '/limits/textLength',
  '/listen/clientCertificateHeader',
  '/listen/hsts',
  '/listen/maxConnections',
  '/listen/problemsUrl',
  '/listen/publicUrl',
  '/listen/requireHttps',
  '/listen/trustedProxies',
  '/magento',
  '/shutdown',
]

/**
 * One fault for each change that needs a restart.
 * @param asksForCertificate whether the listener asks callers for a certificate, which it does in every handshake or in
 *   none
 */
export function restartFaults(running: Config, next: Config, asksForCertificate: boolean): Fault[] {
  const faults = changedPointers(running.gateway, next.gateway)
    .filter((pointer) => !changeableSettings.some((each) => `${pointer}/`.startsWith(`${each}/`)))
    .map((pointer) => ({
      file: 'gateway.yaml',
      pointer,
      expected: 'what it was at the start: this cannot change without a restart',
    }))
  if (next.gateway.listen.tls === undefined || asksForCertificate) return faults
  return [
    ...faults,
    ...certificateUsers(next).map((name) => ({
      file: `integration ${name}`,
      pointer: '/credentials/clientCertificate',
      expected:
        'none: the listener was started without asking callers for one, which needs a restart',
    })),
  ]
}

/** The integrations that have a client certificate. */
export function certificateUsers({ integrations }: Config): string[] {
  return integrations.flatMap(({ name, credentials }) =>
    credentials.clientCertificate === undefined ? [] : [name],
  )
}
