import { percentDecode } from '../../syntax/percent-encoding.ts'

/** The protocol parameters of a request (RFC 5849, section 3.1), decoded. */
export interface Oauth1Parameters {
  readonly oauth_consumer_key: string
  readonly oauth_token: string
  readonly oauth_signature_method: string
  readonly oauth_timestamp: string
  readonly oauth_nonce: string
  readonly oauth_signature: string
  readonly oauth_version?: string
  readonly oauth_body_hash?: string
}

const required = [
  'oauth_consumer_key',
  'oauth_token',
  'oauth_signature_method',
  'oauth_timestamp',
  'oauth_nonce',
  'oauth_signature',
] as const
const known: readonly string[] = [...required, 'oauth_version', 'oauth_body_hash']

const schemeForm = /^oauth +(?=\S)/i
// A realm may contain characters that other parameters may not, and it is not signed.
const realmForm = /(?:^|,)[ \t]*realm="(?:[^"\\]|\\.)*"[ \t]*(?=,|$)/i
// RFC 5849, section 3.6 wants `+`, `/` and `=` encoded. Some clients send base64 as it is, which Magento takes (Magento:
// Framework/Oauth/Helper/Request.php, _processHeader).
const parameterForm = /^[ \t]*([a-z_]+)="([\w.~%+/=-]*)"[ \t]*$/
const maxLength = 4_096

/**
 * Reads the protocol parameters from an `Authorization` header (RFC 5849, section 3.5.1); they are accepted nowhere
 * else. None may be repeated.
 * @returns the parameters, or for the audit why there are none
 */
export function readOauth1Parameters(
  authorization: string | undefined,
): Oauth1Parameters | { readonly reason: string } {
  const scheme = schemeForm.exec(authorization ?? '')?.[0]
  if (authorization === undefined || scheme === undefined) {
    return { reason: 'Authorization is not OAuth' }
  }
  if (authorization.length > maxLength) return { reason: 'Authorization is too long' }
  const parameters = new Map<string, string>()
  for (const part of authorization.slice(scheme.length).replace(realmForm, '').split(',')) {
    // RFC 9110, section 5.6.1.2: elements of a list may be empty.
    if (/^[ \t]*$/.test(part)) continue
    const [, name = '', raw = ''] = parameterForm.exec(part) ?? []
    if (!known.includes(name)) return { reason: 'Authorization has a part that is not a parameter' }
    if (parameters.has(name)) return { reason: `${name} occurs more than once` }
    const value = percentDecode(raw)
    if (value === undefined) return { reason: `${name} is not percent-encoded UTF-8` }
    parameters.set(name, value)
  }
  const missing = required.find((name) => !parameters.get(name))
  if (missing !== undefined) return { reason: `${missing} is missing` }
  return Object.fromEntries(parameters) as unknown as Oauth1Parameters
}
