/**
 * How long a token of Magento is still valid according to itself: since 2.4.4 tokens are JWTs (RFC 7519, section 4.1;
 * Magento: JwtUserToken/Model/Issuer.php). If the token says when it was issued, its own two times are compared, so that
 * the clocks need not agree.
 * @param nowMs milliseconds since 1970
 * @returns milliseconds; undefined for an opaque token
 */
export function tokenLifetimeMs(token: string, nowMs: number): number | undefined {
  const claims = readClaims(token)
  if (typeof claims?.exp !== 'number') return undefined
  const issuedAtSeconds = typeof claims.iat === 'number' ? claims.iat : nowMs / 1000
  return (claims.exp - issuedAtSeconds) * 1000
}

/** The claims of a token. Its signature is not verified: whoever could forge Magento's answer could send any token. */
function readClaims(token: string): { exp?: unknown; iat?: unknown } | undefined {
  const [, payload = ''] = token.split('.')
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
