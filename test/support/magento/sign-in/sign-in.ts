import type { AdminCredentials } from '../credentials.ts'
import { type Input, parameter } from '../input.ts'
import { badRequest, unauthorised } from '../magento-error.ts'
import type { Route } from '../route.ts'
import { oneTimePassword } from './one-time-password.ts'
import { issueToken } from './user-token.ts'

/** Who may sign in, and how. */
export interface SignInOptions {
  readonly admins: readonly AdminCredentials[]
  /** Administrators get tokens from the second factor's route only. */
  readonly twoFactor: boolean
}

/** Failures after which an account is locked (Magento: oauth/authentication_lock, defaults). */
const maxFailures = 6
const lockMs = 1_800_000

/** Tokens for administrators, and for customers, of which there are none (Magento: Integration and TwoFactorAuth, webapi.xml). */
export function signInRoutes({ admins, twoFactor }: SignInOptions): Route[] {
  const failures = new Map<string, { count: number; lockedUntil: number }>()

  function signIn(users: readonly AdminCredentials[], kind: string, input: Input): number {
    const username = String(parameter(input, 'username') ?? '')
    const password = String(parameter(input, 'password') ?? '')
    const account = `${kind} ${username}`
    const failed = failures.get(account) ?? { count: 0, lockedUntil: 0 }
    const index = users.findIndex(
      (user) => user.username === username && user.password === password,
    )
    if (index >= 0 && failed.lockedUntil <= Date.now()) {
      failures.delete(account)
      return index
    }
    failed.count += 1
    if (failed.count >= maxFailures) failed.lockedUntil = Date.now() + lockMs
    failures.set(account, failed)
    throw unauthorised(
      'The account sign-in was incorrect or your account is disabled temporarily. ' +
        'Please wait and try again later.',
    )
  }

  return [
    {
      method: 'POST',
      path: '/V1/integration/admin/token',
      resource: 'anonymous',
      serve: ({ input }) => {
        const index = signIn(admins, 'admin', input)
        if (twoFactor) {
          throw badRequest('Please use the 2fa provider-specific endpoints to obtain a token.')
        }
        return issueToken(index + 1)
      },
    },
    {
      method: 'POST',
      path: '/V1/integration/customer/token',
      resource: 'anonymous',
      serve: ({ input }) => signIn([], 'customer', input),
    },
    {
      method: 'POST',
      path: '/V1/tfa/provider/google/authenticate',
      resource: 'anonymous',
      serve: ({ input }) => {
        const index = signIn(admins, 'admin', input)
        const secret = admins[index]?.totpSecret
        if (!secret || oneTimePassword(secret, Date.now()) !== String(parameter(input, 'otp'))) {
          throw badRequest('Invalid code.')
        }
        return issueToken(index + 1)
      },
    },
  ]
}
