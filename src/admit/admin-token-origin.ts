import { Type } from 'typebox'
import { CidrSetting, compileIpSet } from '../contract/ip-address.ts'
import { allow, definePolicy } from '../policy.ts'
import { parseJson } from '../syntax/parse-json.ts'
import { numberAtBegin } from '../syntax/php-number.ts'
import { refuseAddress } from './refuse-address.ts'

/**
 * `utypid` of integrations and of administrators, the users that have a role (Magento:
 * Authorization/Model/UserContextInterface.php). Magento gives integrations no such tokens, but takes them (Magento:
 * JwtUserToken/Model/Reader.php).
 */
const privileged: ReadonlySet<number> = new Set([1, 2])

/**
 * Refuses tokens that Magento would take for an administrator's or an integration's, unless they come from listed
 * addresses. Whoever has the key of a shop, which CVE-2024-34102 made readable, can make such tokens.
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
      if (!mayBePrivileged(request.header('authorization') ?? '')) return allow
      if (request.clientIp !== undefined && isListed(request.clientIp)) return allow
      return refuseAddress(
        request,
        'token of an administrator or integration from an address that is not listed',
      )
    }
  },
})

const bearerForm = /^Bearer (.*)$/i
const compactForm = /^[A-Za-z0-9_.~+/=-]*$/

/**
 * Whether Magento could take a token for that of a user with a role. Besides the form in which it writes them, Magento
 * reads JSON Web Signatures as JSON (RFC 7515, section 7.2) and with a payload that is not encoded (RFC 7797), and
 * encrypted tokens in five parts, in which nobody else can read the claims (Magento: JwtFrameworkAdapter/Model/
 * JwsManager.php, JwsSerializerPoolFactory.php and JweManager.php).
 */
function mayBePrivileged(authorization: string): boolean {
  const [, token] = bearerForm.exec(authorization) ?? []
  if (token === undefined) return false
  if (!compactForm.test(token)) return true
  const parts = token.split('.')
  if (parts.length === 5) return true
  const [, payload = ''] = parts
  return parts.length === 3 && claimsRole(payload)
}

/**
 * Whether a payload, in either alphabet of base64, claims such a user. Magento casts the claim to an integer, and PHP
 * makes 1 of true and of a list. PHP skips padding in the middle, at which Node stops.
 */
function claimsRole(payload: string): boolean {
  const text = Buffer.from(payload.replaceAll('=', ''), 'base64url').toString()
  const claims = parseJson(text)
  if (claims === undefined) return false
  // Magento writes no escapes, and Node may read them differently than PHP (nodejs/node issue 63785).
  if (text.includes('\\')) return true
  const { utypid } = (claims ?? {}) as { readonly utypid?: unknown }
  if (typeof utypid === 'object' || utypid === true) return true
  return privileged.has(numberAtBegin(String(utypid)))
}
