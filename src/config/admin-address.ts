import { canonicalIp } from '../contract/ip-address.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/** The admin listener and the public one must have different ports if they share an address. */
export function checkAdminAddress({
  listen,
  admin,
}: Pick<GatewaySettings, 'listen' | 'admin'>): RuleFault[] {
  // With 0 each listener takes a free port.
  if (admin === undefined || admin.port === 0 || admin.port !== listen.port) return []
  const one = canonicalIp(listen.host) ?? listen.host
  const other = canonicalIp(admin.host) ?? admin.host
  const isShared = one === other || covers(one, other) || covers(other, one)
  return faultAt(
    '/admin/port',
    isShared && `another port than /listen/port, ${listen.port}, which is taken on ${admin.host}`,
  )
}

/** Whether listening on one host includes the other: `::` stands for every address, `0.0.0.0` for every IPv4 address. */
function covers(host: string, other: string): boolean {
  return host === '::' || (host === '0.0.0.0' && !other.includes(':'))
}
