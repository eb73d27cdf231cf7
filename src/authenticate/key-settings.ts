import { Type } from 'typebox'
import { CalendarSetting } from '../contract/calendar-setting.ts'
import { SecretSetting } from '../contract/secret-setting.ts'

/** A setting with one shared secret, two while rotating. */
export function SharedSecretsSetting() {
  return Type.Array(
    Type.Object(
      {
        id: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'Shown in the audit.' }),
        value: SecretSetting('The shared secret, used as the HMAC key byte for byte.'),
        notAfter: Type.Optional(NotAfterSetting()),
      },
      { additionalProperties: false },
    ),
    { minItems: 1, maxItems: 2, description: 'One secret, two while rotating.' },
  )
}

/** A setting that ends the life of a key, which would have no end with one that is no time. */
export function NotAfterSetting() {
  return CalendarSetting({
    form: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/,
    example: '2027-01-31T00:00:00Z',
    description: 'From then on the key is refused; UTC.',
    expected: 'a time in UTC, such as 2027-01-31T00:00:00Z',
  })
}

/**
 * The oldest that a signature is taken, whatever is configured; milliseconds. For so long its nonce is remembered,
 * since a reload may raise {@link MaxAgeSetting}.
 */
export const longestAgeMs = 300_000

/** A setting that bounds the age of a signature. */
export function MaxAgeSetting() {
  return Type.Integer({
    minimum: 1_000,
    maximum: longestAgeMs,
    default: 300_000,
    description: 'How far the time of the caller may be from ours, either way.',
  })
}
