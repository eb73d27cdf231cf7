import { timingSafeEqual } from 'node:crypto'
import { BearerTokenSetting } from '../contract/secret-setting.ts'
import { tokenDigest } from '../contract/token-digest.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'

/** Verifies the bearer token by comparing SHA-256 digests in constant time. */
export const credential = definePolicy({
  name: 'credential',
  stage: 'authenticate',
  section: 'credentials',
  key: 'token',
  settings: BearerTokenSetting('The bearer token of the integration (RFC 6750).'),
  prepare: (token, services) => {
    // Not as a buffer, which would keep the 64 KiB that it is a slice of.
    const expected = tokenDigest(token.reveal())
    return function checkCredential(request) {
      const { bearerDigest } = request
      if (bearerDigest !== undefined && isSame(bearerDigest, expected)) return allow
      services.spendDecoy(request)
      // Without the word bearer, after which the redaction of the audit trail expects a credential.
      const reason =
        bearerDigest === undefined ? 'no token' : 'token is not the one of this integration'
      return reject('unauthenticated', reason)
    }
  },
})

function isSame(digest: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(digest), Buffer.from(expected))
}
