import { parseJson } from '../../syntax/parse-json.ts'

/**
 * How long a token of Magento is still valid according to itself: since 2.4.4 tokens are JWTs (RFC 7519, section 4.1;
 * Magento: JwtUserToken/Model/Issuer.php). If the token says when it was issued, its own two times are compared, so that
 * the clocks need not agree.
 * @param nowMs milliseconds since 1970
 * @returns milliseconds; undefined for an opaque token
 */
export function tokenLifetimeMs(token: string, nowMs: number): number | undefined {
  // The signature is not verified: whoever could forge Magento's answer could send any token.
  const [, payload = ''] = token.split('.')
  const claims = parseJson(Buffer.from(payload, 'base64url').toString())
  const { exp, iat } = (claims ?? {}) as { readonly exp?: unknown; readonly iat?: unknown }
  if (typeof exp !== 'number') return undefined
  return (exp - (typeof iat === 'number' ? iat : nowMs / 1000)) * 1000
}
