import { Type } from 'typebox'
import { SecretSetting } from '../contract/secret-setting.ts'
import { isCalendarTime } from '../syntax/calendar-time.ts'

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

const utcTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/
const expectedTime = 'a time in UTC, such as 2027-01-31T00:00:00Z'

/** A setting that ends the life of a key. */
export function NotAfterSetting() {
  return Type.Refine(
    Type.String({
      pattern: utcTime.source,
      examples: ['2027-01-31T00:00:00Z'],
      description: 'From then on the key is refused; UTC.',
      expected: expectedTime,
    }),
    // A key whose end is no time would have none. What is not of the form has its fault already.
    (text) => !utcTime.test(text) || isCalendarTime(text),
    () => expectedTime,
  )
}

/** A setting that bounds the age of a signature. */
export function MaxAgeSetting() {
  return Type.Integer({
    minimum: 1_000,
    maximum: 300_000,
    default: 300_000,
    description: 'How far the time of the caller may be from ours, either way.',
  })
}
