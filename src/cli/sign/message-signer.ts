import { createPrivateKey, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { signMessage } from '../../authenticate/message-signature/sign.ts'
import {
  fitsAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithms,
} from '../../authenticate/message-signature/signature-algorithm.ts'
import { defaultTag } from '../../authenticate/message-signature/signature-input.ts'
import { type Signer, type SigningCredentials, secretOf } from './signer.ts'

const lifetimeSeconds = 300

/** Scheme `rfc9421`; the secret is a shared one, or a private key in PEM. */
export const messageSigner: Signer = {
  needs: ['secret'],
  sign: ({ method, origin, path, query, body }, credentials) => {
    if (credentials.keyId === undefined) throw new TypeError('--key-id names the key')
    const { host, protocol } = new URL(origin)
    const key = keyOf(credentials)
    const created = Math.floor(Date.now() / 1000)
    const fields = signMessage(
      {
        method,
        scheme: protocol === 'https:' ? 'https' : 'http',
        authority: host,
        path,
        query,
        headers: body.length > 0 ? ['Content-Type', 'application/json'] : [],
        ...(body.length > 0 && { body }),
      },
      {
        algorithm: algorithmOf(key),
        key,
        parameters: {
          created,
          expires: created + lifetimeSeconds,
          nonce: randomBytes(16).toString('hex'),
          keyid: credentials.keyId,
          alg: algorithmOf(key),
          tag: defaultTag,
        },
      },
    )
    return Object.entries(fields).map(([name, value]) => ({ name, value: String(value) }))
  },
}

function keyOf(credentials: SigningCredentials): KeyObject {
  const text = secretOf(credentials, 'secret')
  if (!text.includes('-----BEGIN ')) return createSecretKey(text, 'utf8')
  try {
    return createPrivateKey(text)
  } catch {
    throw new TypeError('--secret is no private key in PEM')
  }
}

function algorithmOf(key: KeyObject): SignatureAlgorithm {
  const algorithm = signatureAlgorithms.find((each) => fitsAlgorithm(each, key))
  if (algorithm === undefined) throw new TypeError('--secret is neither ed25519 nor ecdsa on P-256')
  return algorithm
}
