import { canonicalIp } from '../admit/ip-address.ts'
import type { RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/** The admin listener cannot have the port of the public one where they share an address. */
export function checkAdminAddress({
  listen,
  admin,
}: Pick<GatewaySettings, 'listen' | 'admin'>): RuleFault[] {
  // With 0 each takes a free one.
  if (admin === undefined || admin.port === 0 || admin.port !== listen.port) return []
  const one = canonicalIp(listen.host) ?? listen.host
  const other = canonicalIp(admin.host) ?? admin.host
  if (one !== other && !covers(one, other) && !covers(other, one)) return []
  const expected = `another port than /listen/port, ${listen.port}, which is taken on ${admin.host}`
  return [{ pointer: '/admin/port', expected }]
}

/** Whether who listens on one host listens on the other too: `::` is all there is, `0.0.0.0` all but IPv6. */
function covers(host: string, other: string): boolean {
  return host === '::' || (host === '0.0.0.0' && !other.includes(':'))
}
