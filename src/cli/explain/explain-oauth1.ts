import { hash } from 'node:crypto'
import { oauth1BaseString } from '../../authenticate/oauth1/base-string.ts'
import { oauth1HmacKey } from '../../authenticate/oauth1/hmac-key.ts'
import {
  type Oauth1Parameters,
  readOauth1Parameters,
} from '../../authenticate/oauth1/oauth1-parameters.ts'
import type { Oauth1SignatureSettings } from '../../authenticate/oauth1/oauth1-settings.ts'
import { urlOf } from '../../contract/public-origin.ts'
import { redacted } from '../../contract/secret.ts'
import { presentedDigest } from '../../record/redaction/evidence-redaction.ts'
import { redactTokenShapes } from '../../record/redaction/token-shapes.ts'
import { digestFinding } from './body-variants.ts'
import type { ClientKey } from './client-keys.ts'
import { clockOffset } from './clock-offset.ts'
import { explainBase } from './explain-base.ts'
import { finding, type SignatureFindings } from './explanation.ts'
import { base64Encodings, hmacAttempt, rightSignatures } from './find-cause.ts'
import { baseLines } from './line-comparison.ts'
import { oauth1Strings } from './oauth1-strings.ts'
import type { SchemeCase } from './scheme-case.ts'

/** Explains a signature of scheme `oauth1`. */
export function explainOauth1(
  settings: Oauth1SignatureSettings,
  schemeCase: SchemeCase,
): SignatureFindings {
  const { request, reason, origin, atMs, clientString } = schemeCase
  const parameters = readOauth1Parameters(request.header('authorization'))
  if ('reason' in parameters) return { lines: [], unshown: [] }
  const { method, target } = request
  const signed = { method, origin: urlOf(origin), path: target.path, query: target.query }
  const computed = oauth1BaseString(signed, parameters)
  if (typeof computed === 'object') return { lines: [], unshown: [] }
  const keys = oauth1Keys(settings, parameters)
  const lines = explainBase({
    computed,
    strings: oauth1Strings(signed, parameters, schemeCase),
    attempt: hmacAttempt(presentedDigest(parameters.oauth_signature), keys, base64Encodings),
    toLines: (base) => baseLines('oauth1', base),
    show: showLine,
    isVerified: reason === undefined,
    clientString,
  })
  const { maxAgeMs } = settings
  const timestamp = parameters.oauth_timestamp
  const clock = /^\d{1,11}$/.test(timestamp)
    ? [clockOffset(Number(timestamp), { atMs, behindMs: maxAgeMs, aheadMs: maxAgeMs })]
    : []
  return {
    lines: [...lines, ...bodyHashFindings(schemeCase, parameters), ...clock],
    unshown: rightSignatures(keys, computed),
  }
}

/** The keys of an integration, and the variants that clients make of them. */
function oauth1Keys({ keys }: Oauth1SignatureSettings, parameters: Oauth1Parameters): ClientKey[] {
  const { oauth_consumer_key: consumerKey, oauth_token: accessToken } = parameters
  const [own, other] = hashesOf(parameters)
  const named = keys.find(
    (each) =>
      each.consumerKey.reveal() === consumerKey && each.accessToken.reveal() === accessToken,
  )
  return keys.flatMap((each): ClientKey[] => {
    const consumer = each.consumerSecret.reveal()
    const token = each.accessTokenSecret.reveal()
    const right = oauth1HmacKey(consumer, token)
    const misnamed =
      each.consumerKey.reveal() !== consumerKey
        ? ['used the secrets of another consumer key than it sent']
        : each !== named && named !== undefined
          ? ['used the secret of another access token than it sent']
          : []
    const made = (key: string, algorithm: ClientKey['algorithm'], causes: string[] = []) => ({
      id: each.id,
      key,
      algorithm,
      causes: [...causes, ...misnamed],
    })
    return [
      made(right, own),
      made(right, other, ['used another hash than oauth_signature_method says']),
      made(oauth1HmacKey(consumer, ''), own, ['signed without the access token secret']),
      made(consumer, own, ['signed with the consumer secret alone, without the &']),
      made(`${right}\n`, own, ['used a secret with a line feed at its end']),
      made(oauth1HmacKey(token, consumer), own, ['took one secret for the other']),
      made(`${consumer}&${token}`, own, ['did not percent-encode the secrets']),
    ]
  })
}

function hashesOf({
  oauth_signature_method: method,
}: Oauth1Parameters): readonly [named: ClientKey['algorithm'], other: ClientKey['algorithm']] {
  return method === 'HMAC-SHA1' ? ['sha1', 'sha256'] : ['sha256', 'sha1']
}

/** The two parameters that name a key are credentials. The form of the others leaves no room for secrets. */
function showLine(line: string): string {
  const shown = line.replace(
    /(oauth_(?:consumer_key|token))(%25|%)?(3D|=)[^&]*/i,
    (_, name, percent = '', equals) => `${name}${percent}${equals}${redacted}`,
  )
  return /^oauth_(?:nonce|body_hash)/.test(shown) ? shown : redactTokenShapes(shown)
}

/** If the hash is not that of the body: which body it belongs to. */
function bodyHashFindings({ request, reason }: SchemeCase, parameters: Oauth1Parameters): string[] {
  if (reason !== 'oauth_body_hash is not that of the body') return []
  const given = parameters.oauth_body_hash
  const [own, other] = hashesOf(parameters)
  if (hash(other, request.body, 'base64') === given) {
    return [finding('cause', `in oauth_body_hash, the client used ${other}, and not ${own}`)]
  }
  const isOf = (bytes: Buffer) => hash(own, bytes, 'base64') === given
  return [digestFinding(request.body, ['oauth_body_hash', 'hash'], isOf)]
}
