import { Type } from 'typebox'
import { CidrSetting, compileIpSet } from '../contract/ip-address.ts'
import { allow, definePolicy } from '../policy.ts'
import { refuseAddress } from './refuse-address.ts'

/** Lets an integration be used from its own addresses only. */
export const ipAllowlist = definePolicy({
  name: 'ip-allowlist',
  stage: 'admit',
  section: 'policies',
  key: 'ipAllowlist',
  settings: Type.Array(CidrSetting(), {
    minItems: 1,
    description: 'Addresses and CIDR blocks, IPv4 and IPv6, from which the integration may call.',
  }),
  prepare: (cidrs) => {
    const isListed = compileIpSet(cidrs)
    return function checkIpAllowlist(request) {
      if (request.clientIp !== undefined && isListed(request.clientIp)) return allow
      return refuseAddress(request, 'address is not in the allowlist')
    }
  },
})
