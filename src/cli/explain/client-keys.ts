import type { SharedSecret } from '../../authenticate/shared-secrets.ts'

/** A key that a client may have used, and how it made the key. */
export interface ClientKey {
  /** The id of the secret from which it is made. */
  readonly id: string
  readonly key: string | Buffer
  readonly algorithm: 'sha256' | 'sha1' | 'sha512'
  readonly causes: readonly string[]
}

/** The keys that a client may have made from the secrets of its integration. */
export function clientKeys(secrets: readonly SharedSecret[], token?: string): ClientKey[] {
  const keys = secrets.flatMap(({ id, value }) => keysOf(id, value.reveal()))
  if (token === undefined) return keys
  const cause = 'used its token in the place of the secret'
  return [...keys, { id: 'token', key: token, algorithm: 'sha256', causes: [cause] }]
}

function keysOf(id: string, secret: string): ClientKey[] {
  const others: [key: string | Buffer, cause: string][] = [
    ['', 'used an empty secret'],
    [`${secret}\n`, 'used the secret with a line feed at its end'],
    [`${secret}\r\n`, 'used the secret with CR LF at its end'],
    [`${secret} `, 'used the secret with a space at its end'],
    [secret.trim(), 'used the secret trimmed: here it begins or ends with a space'],
    [Buffer.from(secret, 'base64'), 'used the secret decoded from base64, and not as it is'],
    [Buffer.from(secret, 'hex'), 'used the secret decoded from hex, and not as it is'],
  ]
  return [
    { id, key: secret, algorithm: 'sha256', causes: [] },
    ...others.map(([key, cause]) => ({ id, key, algorithm: 'sha256', causes: [cause] }) as const),
    { id, key: secret, algorithm: 'sha1', causes: ['used HMAC-SHA1, and not HMAC-SHA256'] },
    { id, key: secret, algorithm: 'sha512', causes: ['used HMAC-SHA512, and not HMAC-SHA256'] },
  ]
}
