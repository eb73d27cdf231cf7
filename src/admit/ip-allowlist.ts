import { Type } from 'typebox'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { CidrSetting, compileIpSet } from './ip-address.ts'

/**
 * Lets an integration be used from its own addresses only.
 *
 * Who presented a token or certificate of the integration is told that its address is refused. Who
 * only named the integration is treated as one who named none, at the same moment and with the same
 * answer, so that names cannot be found out.
 */
export const ipAllowlist = definePolicy({
  name: 'ip-allowlist',
  stage: 'admit',
  section: 'policies',
  key: 'ipAllowlist',
  settings: Type.Array(CidrSetting(), {
    minItems: 1,
    description: 'Addresses and CIDR blocks, IPv4 and IPv6, that the integration may call from.',
  }),
  prepare: (cidrs) => {
    const isListed = compileIpSet(cidrs)
    return function checkIpAllowlist(request) {
      if (request.clientIp !== undefined && isListed(request.clientIp)) return allow
      const by = request.claimed?.by
      const reason = 'address is not in the allowlist'
      if (by === 'token' || by === 'certificate') return reject('address-not-allowed', reason)
      request.claimFault = reason
      return allow
    }
  },
})
