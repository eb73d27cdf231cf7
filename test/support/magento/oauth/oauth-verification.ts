import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IntegrationCredentials, OauthDialect } from '../credentials.ts'
import { badRequest, requiredFields, unauthorised } from '../magento-error.ts'
import { rawUrlEncode } from '../php/url-decoding.ts'
import { laminasBaseString, zendBaseString } from './laminas-base-string.ts'
import { nativeBaseString } from './native-base-string.ts'
import type { Nonces } from './nonces.ts'
import { readOauthParameters, type SignedRequest } from './oauth-parameters.ts'

/** What signatures are checked against. */
export interface OauthVerification {
  readonly integrations: readonly IntegrationCredentials[]
  readonly dialect: OauthDialect
  readonly nonces: Nonces
}

const baseStrings = {
  '2.4.5': zendBaseString,
  '2.4.7': laminasBaseString,
  '2.4.8': nativeBaseString,
} as const

const required = [
  'oauth_consumer_key',
  'oauth_signature',
  'oauth_signature_method',
  'oauth_nonce',
  'oauth_timestamp',
  'oauth_token',
]

const keyLength = 32
const toleranceSeconds = 600

/**
 * The integration whose OAuth 1.0a signature a request bears; undefined when it bears none.
 * Throws Magento's errors, in Magento's order: the nonce is spent before the signature is looked at.
 * Source: Magento: Framework/Oauth/Oauth.php, validateAccessTokenRequest.
 */
export function verifyOauth(
  request: SignedRequest,
  verification: OauthVerification,
): IntegrationCredentials | undefined {
  const parameters = readOauthParameters(request)
  if (parameters === undefined) return undefined
  const value = (name: string) => parameters.get(name) ?? ''
  checkProtocol(parameters)
  const consumer = findConsumer(value('oauth_consumer_key'), verification.integrations)
  spendNonce(value('oauth_nonce'), value('oauth_timestamp'), consumer, verification)
  checkToken(value('oauth_token'), consumer, verification.integrations)
  const baseString = baseStrings[verification.dialect]
  const expected = sign(baseString(request.method, request.url, parameters), consumer)
  if (!isEqual(expected, value('oauth_signature'))) {
    throw unauthorised('The signature is invalid. Verify and try again.')
  }
  return consumer
}

function checkProtocol(parameters: ReadonlyMap<string, string>): void {
  const version = parameters.get('oauth_version')
  if (version !== undefined && version !== '1.0') {
    throw badRequest('The "%1" Oauth version isn\'t supported.', [version])
  }
  const missing = required.filter((name) => !parameters.has(name))
  if (missing.length > 0) throw requiredFields(missing)
  if (Buffer.byteLength(parameters.get('oauth_token') ?? '') !== keyLength) {
    throw badRequest('The token length is invalid. Check the length and try again.')
  }
  const method = parameters.get('oauth_signature_method') ?? ''
  if (method !== 'HMAC-SHA256') {
    throw badRequest('Signature method %1 is not supported', [method])
  }
}

function findConsumer(
  key: string,
  integrations: readonly IntegrationCredentials[],
): IntegrationCredentials {
  if (Buffer.byteLength(key) !== keyLength) {
    throw unauthorised('Consumer key is not the correct length')
  }
  const consumer = integrations.find((each) => each.consumerKey === key)
  if (!consumer) throw unauthorised('A consumer having the specified key does not exist')
  return consumer
}

/** There is no lower bound for the timestamp. Source: Magento: Integration/Model/Oauth/Nonce/Generator.php. */
function spendNonce(
  nonce: string,
  timestamp: string,
  consumer: IntegrationCredentials,
  { integrations, nonces }: OauthVerification,
): void {
  const seconds = Number.parseInt(timestamp, 10) || 0
  // Magento's own text for this is swallowed by the catch around it.
  const failed = unauthorised('An error occurred validating the nonce')
  if (seconds <= 0 || seconds > Date.now() / 1000 + toleranceSeconds) throw failed
  const consumerId = integrations.indexOf(consumer) + 1
  if (nonces.has(consumerId, nonce)) {
    const text = 'The nonce is already being used by the consumer with ID %1'
    throw unauthorised(text, [consumerId])
  }
  if (!nonces.add(consumerId, nonce)) throw failed
}

function checkToken(
  token: string,
  consumer: IntegrationCredentials,
  integrations: readonly IntegrationCredentials[],
): void {
  if (!integrations.some((each) => each.accessToken === token)) {
    throw unauthorised('Specified token does not exist')
  }
  if (consumer.accessToken !== token) {
    throw unauthorised('Token is not associated with the specified consumer')
  }
}

function sign(baseString: string, consumer: IntegrationCredentials): string {
  const key = `${rawUrlEncode(consumer.consumerSecret)}&${rawUrlEncode(consumer.accessTokenSecret)}`
  return createHmac('sha256', key).update(baseString).digest('base64')
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
