import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { RequestContext } from '../../request-context.ts'
import { endOfLife } from '../key-settings.ts'
import { findTimeFault, nonceTtlMs } from '../signature-age.ts'
import type { SignatureVerifier } from '../verifier.ts'
import { oauth1BaseString } from './base-string.ts'
import { oauth1HmacKey } from './hmac-key.ts'
import { type Oauth1Parameters, readOauth1Parameters } from './oauth1-parameters.ts'
import type { Oauth1SignatureSettings } from './oauth1-settings.ts'

interface ImportedKey {
  readonly id: string
  readonly tokenDigest: Buffer
  readonly hmacKey: KeyObject
  readonly notAfterMs: number
}

const algorithms: ReadonlyMap<string, 'sha256' | 'sha1'> = new Map([
  ['HMAC-SHA256', 'sha256'],
  ['HMAC-SHA1', 'sha1'],
])

// Some common clients use numbers of six or seven digits.
const nonceForm = /^[\x21-\x7e]{1,128}$/

/**
 * Verifies OAuth 1.0a (RFC 5849, section 3.2) with HMAC-SHA256, or HMAC-SHA1 if it is allowed. The body is covered only
 * if the client sends `oauth_body_hash` (OAuth Request Body Hash 1.0). The nonce is only returned here and marked as
 * used later (replay-guard), so that nobody can use up nonces without the key.
 * @param origin scheme and authority of the gateway's public URL, whatever the Host header says
 */
export function oauth1Signature(
  settings: Oauth1SignatureSettings,
  origin: string,
): SignatureVerifier {
  // Two keys may have the same consumer key: a new authorization in Magento changes only the access token.
  const keys = new Map<string, ImportedKey[]>()
  for (const key of settings.keys) {
    const consumerKey = key.consumerKey.reveal()
    keys.set(consumerKey, [...(keys.get(consumerKey) ?? []), importKey(key)])
  }
  const [anyKey] = [...keys.values()].flat() as [ImportedKey, ...ImportedKey[]]
  return (request, nowMs) => {
    const parameters = readOauth1Parameters(request.header('authorization'))
    if ('reason' in parameters) return parameters
    const algorithm = algorithms.get(parameters.oauth_signature_method)
    if (algorithm === undefined || (algorithm === 'sha1' && !settings.allowSha1)) {
      return { reason: 'oauth_signature_method is not one that is allowed' }
    }
    const formFault = findFormFault(parameters, settings, nowMs)
    if (formFault !== undefined) return { reason: formFault }
    const { method, target } = request
    const signed = { method, origin, path: target.path, query: target.query }
    const baseString = oauth1BaseString(signed, parameters)
    if (typeof baseString === 'object') return baseString
    const known = keys.get(parameters.oauth_consumer_key)
    const tokenDigest = hash('sha256', parameters.oauth_token, 'buffer')
    const named = known?.find((each) => timingSafeEqual(tokenDigest, each.tokenDigest))
    // An unknown key costs a verification as well, so that the time taken does not reveal which keys exist.
    const key = named ?? anyKey
    // Compared as base64 text, so that a signature has a single valid spelling.
    const given = Buffer.from(parameters.oauth_signature)
    const expected = Buffer.from(
      createHmac(algorithm, key.hmacKey).update(baseString).digest('base64'),
    )
    const isSigned = given.length === expected.length && timingSafeEqual(given, expected)
    const refused = (reason: string) => ({ reason, isTried: true })
    if (known === undefined) return refused('oauth_consumer_key is not one of this integration')
    if (named === undefined) return refused('oauth_token is not that of the consumer key')
    if (!isSigned) {
      const { oauth_signature: signature } = parameters
      const evidence = { scheme: 'oauth1', computed: baseString, signature }
      return { ...refused('oauth_signature does not verify'), evidence }
    }
    if (nowMs >= key.notAfterMs) return refused(`key ${key.id} is past its notAfter`)
    const bodyFault = findBodyFault(request, parameters, algorithm, settings)
    if (bodyFault !== undefined) return refused(bodyFault)
    const ttlMs = nonceTtlMs(parameters.oauth_timestamp, nowMs)
    // RFC 5849, section 3.3: a nonce is used once with the same timestamp.
    const value = `${parameters.oauth_timestamp} ${parameters.oauth_nonce}`
    return { keyId: key.id, nonce: { value, ttlMs } }
  }
}

function importKey(key: Oauth1SignatureSettings['keys'][number]): ImportedKey {
  const { id, consumerSecret, accessToken, accessTokenSecret, notAfter } = key
  return {
    id,
    tokenDigest: hash('sha256', accessToken.reveal(), 'buffer'),
    hmacKey: createSecretKey(
      oauth1HmacKey(consumerSecret.reveal(), accessTokenSecret.reveal()),
      'utf8',
    ),
    notAfterMs: endOfLife(notAfter),
  }
}

function findFormFault(
  { oauth_timestamp: timestamp, oauth_nonce: nonce, oauth_version: version }: Oauth1Parameters,
  { maxAgeMs }: Oauth1SignatureSettings,
  nowMs: number,
): string | undefined {
  if (version !== undefined && version !== '1.0') return 'oauth_version is not 1.0'
  const timeFault = findTimeFault('oauth_timestamp', timestamp, maxAgeMs, nowMs)
  if (timeFault !== undefined) return timeFault
  return nonceForm.test(nonce) ? undefined : 'oauth_nonce is not 1 to 128 printable characters'
}

/** A body can be covered only by its hash. A form would have to be part of the base string, which is not supported. */
function findBodyFault(
  request: RequestContext,
  { oauth_body_hash: given }: Oauth1Parameters,
  algorithm: 'sha256' | 'sha1',
  { requireBodyHash }: Oauth1SignatureSettings,
): string | undefined {
  const { body } = request
  // Some libraries send this type with every request, also where there is no body.
  const type = request.header('content-type') ?? ''
  if (body.length > 0 && /^application\/x-www-form-urlencoded/i.test(type)) {
    return 'a form body cannot be verified'
  }
  if (given === undefined) {
    return requireBodyHash && body.length > 0 ? 'oauth_body_hash is missing' : undefined
  }
  const expected = hash(algorithm, body, 'base64')
  return given === expected ? undefined : 'oauth_body_hash is not that of the body'
}
