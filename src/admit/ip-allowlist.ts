import { Type } from 'typebox'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { CidrSetting, compileIpSet } from './ip-address.ts'

/**
 * Lets an integration be used from its own addresses only.
 *
 * Who presented a token or certificate of the integration is told that its address is refused. Who only named the
 * integration gets the answer that an unknown name gets, so that names cannot be found out.
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
      const hasProof = by === 'token' || by === 'certificate'
      const code = hasProof ? 'address-not-allowed' : 'unauthenticated'
      return reject(code, 'address is not in the allowlist')
    }
  },
})
