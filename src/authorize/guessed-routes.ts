import { foldName } from '../contract/folded-names.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import { wholeNumberOf } from '../syntax/php-number.ts'

/** A call of a guessed route. */
export interface GuessingCall {
  /** Of the path from `V1` on. */
  readonly segments: readonly string[]
  /** The parsed JSON. */
  readonly body: unknown
  /** Hex SHA-256 of the bearer token of the caller; undefined if it has none. */
  readonly bearerDigest: string | undefined
}

/** A route on which callers guess at what is not theirs. */
export interface GuessedRoute {
  readonly guess: 'credential' | 'account' | 'card'
  readonly form: RegExp
  /** The accounts that are guessed at, or the cart on which cards are tried. */
  readonly subjects: (call: GuessingCall) => readonly string[]
}

const routes: readonly GuessedRoute[] = [
  // Passwords and second factors (Magento: Integration and TwoFactorAuth, etc/webapi.xml).
  {
    guess: 'credential',
    form: /^POST V1\/(?:integration\/(?:admin|customer)\/token|tfa\/.+)$/,
    subjects: accountsOf,
  },
  // Finding out which e-mail addresses have an account.
  {
    guess: 'account',
    form: /^(?:POST V1\/customers(?:\/isEmailAvailable|\/resetPassword)?|PUT V1\/customers\/password)$/,
    subjects: accountsOf,
  },
  // Trying stolen cards (Magento and Adobe Commerce: Quote, Checkout, NegotiableQuote, PurchaseOrder and PaymentServicesPaypal,
  // etc/webapi.xml).
  {
    guess: 'card',
    form: /^(?:POST|PUT) V1\/(?:[a-z]+-)*carts\/[^/]+\/(?:(?:set-|po-)?payment-information|payment-order(?:\/[^/]+)?|order)$/,
    subjects: cartOf,
  },
]

/** Every customer's own cart is called `mine`. Whose it is depends on the token that is passed on to Magento. */
function cartOf({ bearerDigest = '', segments }: GuessingCall): string[] {
  const [, carts = '', raw = ''] = segments
  const id = percentDecode(raw) ?? raw
  // Magento casts a numeric id to an integer.
  const cart = wholeNumberOf(id) ?? id
  return [`${carts} ${cart}${id === 'mine' ? ` ${bearerDigest}` : ''}`]
}

const accountNames = new Set(['username', 'email', 'customeremail'])

/** Everything that may name an account, whatever the route: Magento ignores names that the route does not have. */
function accountsOf({ body }: GuessingCall): string[] {
  const value = body ?? {}
  const nested = Object.entries(value).flatMap(([name, member]) =>
    foldName(name) === 'customer' && typeof member === 'object' && member
      ? Object.entries(member)
      : [],
  )
  return [...Object.entries(value), ...nested].flatMap(([name, member]) =>
    accountNames.has(foldName(name)) && /^(?:string|number)$/.test(typeof member)
      ? String(member)
      : [],
  )
}

/**
 * The guessed route that a request is for.
 * @param segments of the path from `V1` on
 */
export function guessedRoute(
  method: string,
  segments: readonly string[],
): GuessedRoute | undefined {
  const call = `${method} ${segments.join('/')}`
  return routes.find(({ form }) => form.test(call))
}

/**
 * Whether a call has passwords or payment data in it, or is answered with a token.
 * @param segments of the path from `V1` on, those of a pattern too
 */
export function takesSecrets(method: string, segments: readonly string[]): boolean {
  return guessedRoute(method, segments) !== undefined || segments.includes('password')
}
