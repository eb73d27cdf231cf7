import { createHmac, hash, randomBytes } from 'node:crypto'
import { oauth1BaseString } from '../../authenticate/oauth1/base-string.ts'
import { oauth1HmacKey } from '../../authenticate/oauth1/hmac-key.ts'
import { percentEncode } from '../../syntax/percent-encoding.ts'
import { type Signer, secretOf } from './signer.ts'

/** Scheme `oauth1`. The header contains two of its credentials: the consumer key and the access token. */
export const oauth1Signer: Signer = {
  needs: ['consumer-key', 'consumer-secret', 'access-token', 'access-token-secret'],
  sign: (request, credentials) => {
    const { body } = request
    const parameters = {
      ...(body.length > 0 && { oauth_body_hash: hash('sha256', body, 'base64') }),
      oauth_consumer_key: secretOf(credentials, 'consumer-key'),
      oauth_nonce: randomBytes(16).toString('hex'),
      oauth_signature_method: 'HMAC-SHA256',
      oauth_timestamp: String(Math.floor(Date.now() / 1000)),
      oauth_token: secretOf(credentials, 'access-token'),
      oauth_version: '1.0',
      oauth_signature: '',
    }
    const origin = new URL(request.origin).origin
    const text = oauth1BaseString({ ...request, origin }, parameters)
    if (typeof text === 'object') throw new TypeError(`OAuth cannot sign this URL: ${text.reason}`)
    const key = oauth1HmacKey(
      secretOf(credentials, 'consumer-secret'),
      secretOf(credentials, 'access-token-secret'),
    )
    parameters.oauth_signature = createHmac('sha256', key).update(text).digest('base64')
    const fields = Object.entries(parameters).map(
      ([name, value]) => `${name}="${percentEncode(value)}"`,
    )
    return [{ name: 'Authorization', value: `OAuth ${fields.join(', ')}` }]
  },
}
