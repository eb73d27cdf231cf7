import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a token says of its bearer. */
export interface TokenClaims {
  readonly uid: number
  /** An administrator, as Magento counts kinds of users. */
  readonly utypid: 2
  /** Seconds since 1970. */
  readonly iat: number
  readonly exp: number
}

const key = 'crypt key of the stand-in'

/** Lifetime of tokens (Magento: JwtUserToken/etc/config.xml): 60 minutes. */
const lifetimeSeconds = 3600

/** A JSON Web Token, HS256 (Magento: JwtUserToken/Model/Issuer.php). */
export function issueToken(uid: number): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims: TokenClaims = { uid, utypid: 2, iat, exp: iat + lifetimeSeconds }
  const signed = [{ kid: '1', alg: 'HS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${sign(signed).toString('base64url')}`
}

/** The claims of a token that we issued and that has not ended; undefined for any other text. */
export function readToken(token: string): TokenClaims | undefined {
  const [header, payload, signature, ...rest] = token.split('.')
  if (signature === undefined || rest.length > 0) return undefined
  const given = Buffer.from(signature, 'base64url')
  const expected = sign(`${header}.${payload}`)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as TokenClaims
  return claims.exp * 1000 > Date.now() ? claims : undefined
}

function sign(text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
