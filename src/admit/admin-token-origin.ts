import { Type } from 'typebox'
import { CidrSetting, compileIpSet } from '../contract/ip-address.ts'
import { allow, definePolicy } from '../policy.ts'
import { refuseAddress } from './refuse-address.ts'

/** `utypid` of an administrator (Magento: Authorization/Model/UserContextInterface.php). */
const administrator = 2

/**
 * Refuses tokens that Magento would take for an administrator's, unless they come from listed addresses. Whoever has
 * the key of a shop, which CVE-2024-34102 made readable, can make such tokens.
 */
export const adminTokenOrigin = definePolicy({
  name: 'admin-token-origin',
  stage: 'admit',
  section: 'policies',
  key: 'adminTokensFrom',
  settings: Type.Array(CidrSetting(), {
    description: "Addresses and CIDR blocks from which administrators' tokens are accepted.",
  }),
  absent: [],
  prepare: (cidrs) => {
    const isListed = compileIpSet(cidrs)
    return function checkAdminTokenOrigin(request) {
      const userType = userTypeOf(request.header('authorization') ?? '')
      if (userType !== administrator) return allow
      if (request.clientIp !== undefined && isListed(request.clientIp)) return allow
      return refuseAddress(request, 'token of an administrator from an address that is not listed')
    }
  },
})

/*
 * A JSON Web Token in any spelling that PHP decodes: base64 in either alphabet, with padding and with tabs (PHP:
 * base64_decode). Node decodes these too, but stops at padding in the middle, which PHP skips.
 */
const jwtForm = /^Bearer [^.]*\.([^.]*)\.[^.]*$/i

/** The claim `utypid` of a JSON Web Token, which Magento casts to an integer. */
function userTypeOf(authorization: string): number | undefined {
  const [, payload] = jwtForm.exec(authorization) ?? []
  if (payload === undefined) return undefined
  try {
    const text = Buffer.from(payload.replaceAll('=', ''), 'base64url').toString()
    const claims: unknown = JSON.parse(text)
    // Magento writes no escapes, and Node may read them differently than PHP (nodejs/node issue 63785).
    if (text.includes('\\')) return administrator
    const { utypid } = (claims ?? {}) as { readonly utypid?: unknown }
    // PHP casts a text to the number at its beginning, including an exponent.
    return Math.trunc(Number.parseFloat(String(utypid)))
  } catch {
    return undefined
  }
}
