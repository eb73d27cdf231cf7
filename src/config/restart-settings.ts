import type { Config } from '../config.ts'
import type { Fault } from './faults.ts'
import { changedPointers } from './same-settings.ts'

/*
 * What of gateway.yaml can change while the gateway runs. It is a list of these and not of the others,
 * so that a setting which nobody has thought of here is refused, and never taken without effect.
 */
const changeable = [
  '/admin/token',
  '/audit/redact',
  '/audit/tokenHashKey',
  '/cache/answerKiB',
  '/limits/arrayItems',
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

/** What a configuration changes that needs a restart; one fault for each. */
export function restartFaults(running: Config, next: Config): Fault[] {
  const faults = changedPointers(running.gateway, next.gateway)
    .filter((pointer) => !changeable.some((each) => `${pointer}/`.startsWith(`${each}/`)))
    .map((pointer) => ({
      file: 'gateway.yaml',
      pointer,
      expected: 'what it was at the start: this cannot change without a restart',
    }))
  // The listener asks for certificates in every handshake, or in none.
  const asked = certificateUsers(running)
  if (next.gateway.listen.tls === undefined || asked.length > 0) return faults
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

function certificateUsers({ integrations }: Config): string[] {
  return integrations.flatMap(({ name, credentials }) =>
    credentials.clientCertificate === undefined ? [] : [name],
  )
}
