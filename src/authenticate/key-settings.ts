import { Type } from 'typebox'
import { CalendarSetting } from '../contract/calendar-setting.ts'
import { SecretSetting } from '../contract/secret-setting.ts'
import { closed } from '../contract/setting-forms.ts'
import { longestAgeMs } from './signature-age.ts'

/** A setting for the name by which a key is told apart from others. */
export function KeyIdSetting(description = 'Shown in the audit.') {
  return Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description })
}

/** A setting with one shared secret, or two while rotating. */
export function SharedSecretsSetting() {
  return Type.Array(
    Type.Object(
      {
        id: KeyIdSetting(),
        value: SecretSetting('The shared secret, used as the HMAC key byte for byte.'),
        notAfter: Type.Optional(NotAfterSetting()),
      },
      closed,
    ),
    { minItems: 1, maxItems: 2, description: 'One secret, or two while rotating.' },
  )
}

/** A setting for the end of a key's life. Text that is no valid time is refused, since the key would never expire. */
export function NotAfterSetting() {
  return CalendarSetting({
    form: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/,
    example: '2027-01-31T00:00:00Z',
    description: 'Time in UTC from which the key is refused.',
    expected: 'a time in UTC, such as 2027-01-31T00:00:00Z',
  })
}

/** The time from which a key is refused, in milliseconds since the epoch; infinite for a key without an end. */
export function endOfLife(notAfter: string | undefined): number {
  return notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(notAfter)
}

/** A setting that bounds the age of a signature. */
export function MaxAgeSetting() {
  return Type.Integer({
    minimum: 1_000,
    maximum: longestAgeMs,
    default: longestAgeMs,
    description: "How far the caller's time may differ from ours, in either direction.",
  })
}
