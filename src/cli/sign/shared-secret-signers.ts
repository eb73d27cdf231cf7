import { createHmac, randomBytes } from 'node:crypto'
import { canonicalRequest } from '../../authenticate/canonical-request.ts'
import { type Signer, type SigningCredentials, secretOf } from './signer.ts'

/** Scheme `body`. */
export const bodySigner: Signer = {
  needs: ['secret'],
  sign: ({ body }, credentials) => [{ name: 'X-Signature', value: hmac(credentials, body) }],
}

/** Scheme `canonical`. */
export const canonicalSigner: Signer = {
  needs: ['secret'],
  sign: ({ method, path, query = '', body }, credentials) => {
    const timestamp = String(Math.floor(Date.now() / 1000))
    const nonce = randomBytes(16).toString('hex')
    const text = canonicalRequest({ timestamp, nonce, method, path, query, body })
    return [
      { name: 'X-Timestamp', value: timestamp },
      { name: 'X-Nonce', value: nonce },
      { name: 'X-Signature', value: hmac(credentials, text) },
    ]
  },
}

function hmac(credentials: SigningCredentials, text: string | Buffer): string {
  return createHmac('sha256', secretOf(credentials, 'secret')).update(text).digest('hex')
}
