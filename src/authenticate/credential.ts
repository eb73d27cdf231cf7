import { createHash, timingSafeEqual } from 'node:crypto'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import { SecretSetting } from '../secret.ts'

/** Compares the bearer token as SHA-256 digests, in constant time. */
export const credential = definePolicy({
  name: 'credential',
  stage: 'authenticate',
  section: 'credentials',
  key: 'token',
  settings: SecretSetting('The bearer token of the integration (RFC 6750).'),
  prepare: (token) => {
    const expected = createHash('sha256').update(token.reveal()).digest()
    return function checkCredential(request) {
      if (request.bearerDigest === undefined) return reject('unauthenticated', 'no bearer token')
      if (!timingSafeEqual(request.bearerDigest, expected)) {
        return reject('unauthenticated', 'bearer token is not the one of this integration')
      }
      return allow
    }
  },
})
