import { randomBytes } from 'node:crypto'
import {
  type MessageSigningKey,
  messageSigningKey,
} from '../../authenticate/message-signature/message-signing-key.ts'
import { signMessage } from '../../authenticate/message-signature/sign.ts'
import { defaultTag } from '../../authenticate/message-signature/signature-input.ts'
import { originOf } from '../../contract/public-origin.ts'
import { type Signer, type SigningCredentials, secretOf } from './signer.ts'

const lifetimeSeconds = 300

/** Scheme `rfc9421`. The secret is a shared secret or a private key in PEM. */
export const messageSigner: Signer = {
  needs: ['secret'],
  sign: ({ method, origin, path, query, body }, credentials) => {
    if (credentials.keyId === undefined) throw new TypeError('--key-id names the key')
    const { key, algorithm } = keyOf(credentials)
    const created = Math.floor(Date.now() / 1000)
    const fields = signMessage(
      {
        method,
        ...originOf(new URL(origin)),
        path,
        query,
        headers: body.length > 0 ? ['Content-Type', 'application/json'] : [],
        ...(body.length > 0 && { body }),
      },
      {
        algorithm,
        key,
        parameters: {
          created,
          expires: created + lifetimeSeconds,
          nonce: randomBytes(16).toString('hex'),
          keyid: credentials.keyId,
          alg: algorithm,
          tag: defaultTag,
        },
      },
    )
    return Object.entries(fields).map(([name, value]) => ({ name, value: String(value) }))
  },
}

function keyOf(credentials: SigningCredentials): MessageSigningKey {
  const ready = messageSigningKey(secretOf(credentials, 'secret'))
  if ('fault' in ready) throw new TypeError(`--secret is ${ready.fault}`)
  return ready
}
