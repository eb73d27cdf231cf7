import { generateKeyPairSync } from 'node:crypto'
import { acme } from './gateway.ts'

/** What callers sign as the name of the gateway, wherever it really listens. */
export const publicUrl = 'https://gateway.example'

const ed25519 = generateKeyPairSync('ed25519')

/** Secrets of the integrations below, as environment variables. */
export const signingEnv = {
  CANONICAL_TOKEN: 'canonical-token-0123456789',
  CANONICAL_SECRET: 'canonical-secret-0123456789',
  MESSAGE_SECRET: 'message-secret-0123456789-0123456789',
  MESSAGE_PUBLIC_KEY: ed25519.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  CONSUMER_KEY: 'consumer-key-0123456789',
  CONSUMER_SECRET: 'consumer-secret-0123456789',
  ACCESS_TOKEN: 'access-token-0123456789',
  ACCESS_TOKEN_SECRET: 'access-token-secret-0123456789',
  RENEWED_TOKEN: 'renewed-token-0123456789',
  RENEWED_TOKEN_SECRET: 'renewed-token-secret-0123456789',
}

/** The half of the key pair that the gateway never has; PKCS #8 in PEM. */
export const ed25519PrivatePem = ed25519.privateKey
  .export({ type: 'pkcs8', format: 'pem' })
  .toString()

const { upstream, policies } = acme

/** One integration for each scheme. */
export const signers = [
  acme,
  {
    name: 'canonical',
    credentials: {
      token: 'env:CANONICAL_TOKEN',
      signature: { scheme: 'canonical', secrets: [{ id: 'k1', value: 'env:CANONICAL_SECRET' }] },
    },
    upstream,
    policies,
  },
  {
    name: 'message',
    credentials: {
      signature: {
        scheme: 'rfc9421',
        keys: [
          { id: 'message-1', algorithm: 'hmac-sha256', secret: 'env:MESSAGE_SECRET' },
          { id: 'message-2', algorithm: 'ed25519', publicKey: 'env:MESSAGE_PUBLIC_KEY' },
        ],
      },
    },
    upstream,
    policies,
  },
  {
    name: 'legacy',
    credentials: {
      signature: {
        scheme: 'oauth1',
        keys: [
          {
            id: 'legacy-1',
            consumerKey: 'env:CONSUMER_KEY',
            consumerSecret: 'env:CONSUMER_SECRET',
            accessToken: 'env:ACCESS_TOKEN',
            accessTokenSecret: 'env:ACCESS_TOKEN_SECRET',
          },
          {
            id: 'legacy-2',
            consumerKey: 'env:CONSUMER_KEY',
            consumerSecret: 'env:CONSUMER_SECRET',
            accessToken: 'env:RENEWED_TOKEN',
            accessTokenSecret: 'env:RENEWED_TOKEN_SECRET',
          },
        ],
      },
    },
    upstream,
    policies,
  },
]

/** Options of a gateway that has all of them. */
export const signersGateway = {
  gateway: { listen: { publicUrl } },
  integrations: signers,
  env: signingEnv,
}
