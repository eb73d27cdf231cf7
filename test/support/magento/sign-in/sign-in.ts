import type { AdminCredentials, CustomerCredentials } from '../credentials.ts'
import { type Input, parameter } from '../input.ts'
import { badRequest, unauthorised } from '../magento-error.ts'
import type { Route } from '../route.ts'
import { oneTimePassword } from './one-time-password.ts'
import { issueToken, type UserType } from './user-token.ts'

/** Who may sign in, and how. */
export interface SignInOptions {
  readonly admins: readonly AdminCredentials[]
  readonly customers: readonly CustomerCredentials[]
  /** Administrators get tokens from the second factor's route only. */
  readonly twoFactor: boolean
  readonly now: () => number
}

/** Failures after which an account is locked (Magento: oauth/authentication_lock, defaults). */
const maxFailures = 6
const lockMs = 1_800_000

/** Tokens for administrators and customers (Magento: Integration and TwoFactorAuth, webapi.xml). */
export function signInRoutes({ admins, customers, twoFactor, now }: SignInOptions): Route[] {
  const failures = new Map<string, { count: number; lockedUntil: number }>()

  function signIn(users: readonly CustomerCredentials[], userType: UserType, input: Input): number {
    const username = String(parameter(input, 'username') ?? '')
    const password = String(parameter(input, 'password') ?? '')
    const account = `${userType} ${username}`
    const failed = failures.get(account) ?? { count: 0, lockedUntil: 0 }
    const index = users.findIndex(
      (user) => user.username === username && user.password === password,
    )
    if (index >= 0 && failed.lockedUntil <= now()) {
      failures.delete(account)
      return index
    }
    failed.count += 1
    if (failed.count >= maxFailures) failed.lockedUntil = now() + lockMs
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
        const index = signIn(admins, 2, input)
        if (twoFactor) {
          throw badRequest('Please use the 2fa provider-specific endpoints to obtain a token.')
        }
        return issueToken(index + 1, 2, now())
      },
    },
    {
      method: 'POST',
      path: '/V1/integration/customer/token',
      resource: 'anonymous',
      serve: ({ input }) => issueToken(signIn(customers, 3, input) + 1, 3, now()),
    },
    {
      method: 'POST',
      path: '/V1/tfa/provider/google/authenticate',
      resource: 'anonymous',
      serve: ({ input }) => {
        const index = signIn(admins, 2, input)
        const secret = admins[index]?.totpSecret
        if (!secret || oneTimePassword(secret, now()) !== String(parameter(input, 'otp'))) {
          throw badRequest('Invalid code.')
        }
        return issueToken(index + 1, 2, now())
      },
    },
  ]
}
