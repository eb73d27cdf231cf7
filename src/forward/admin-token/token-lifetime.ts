/**
 * How long a token of Magento is good for from now, as it says itself: the tokens of 2.4.4 and later
 * are JWTs (RFC 7519, section 4.1; Magento: JwtUserToken/Model/Issuer.php). Where the token says when
 * it was issued, its own times are compared, so that clocks need not agree.
 * @param nowMs milliseconds since 1970
 * @returns milliseconds; undefined for a token that is opaque
 */
export function tokenLifetimeMs(token: string, nowMs: number): number | undefined {
  const claims = readClaims(token)
  if (typeof claims?.exp !== 'number') return undefined
  const issuedAtSeconds = typeof claims.iat === 'number' ? claims.iat : nowMs / 1000
  return (claims.exp - issuedAtSeconds) * 1000
}

/** The signature is Magento's concern: who could forge the answer could send any token. */
function readClaims(token: string): { exp?: unknown; iat?: unknown } | undefined {
  const [, payload, signature] = token.split('.')
  if (payload === undefined || signature === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
