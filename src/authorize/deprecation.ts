import { Type } from 'typebox'
import { CalendarSetting } from '../contract/calendar-setting.ts'
import { RoutePatternSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy } from '../policy.ts'

function DateSetting(description: string) {
  return CalendarSetting({
    form: /^\d{4}-\d{2}-\d{2}$/,
    example: '2027-03-31',
    description,
    expected: 'a date such as 2027-03-31',
  })
}

/** Tells callers by response headers that a route is deprecated, and when it will be gone. It refuses nothing. */
export const deprecation = definePolicy({
  name: 'deprecation',
  stage: 'authorize',
  section: 'policies',
  key: 'deprecations',
  settings: Type.Record(
    RoutePatternSetting(),
    Type.Object(
      {
        since: DateSetting('Date (UTC) from which the route is deprecated.'),
        sunset: Type.Optional(DateSetting('Date (UTC) from which the route may be gone.')),
        link: Type.Optional(
          Type.String({
            pattern: '^https?://[!#-;=?-\\[\\]_a-z~]+$',
            description: 'Page that says what to use instead.',
            expected: 'an http or https URL',
          }),
        ),
      },
      closed,
    ),
    { ...closed, description: 'Granted routes that callers should stop using.' },
  ),
  prepare: (settings) => {
    const fields = new Map(
      Object.entries(settings).map(([route, { since, sunset, link }]) => [
        route,
        [
          // RFC 9745, section 2.1: a Date as defined for structured fields.
          ...['Deprecation', `@${Date.parse(since) / 1000}`],
          // RFC 8594, section 3.
          ...(sunset === undefined ? [] : ['Sunset', new Date(sunset).toUTCString()]),
          // RFC 9745, section 3.
          ...(link === undefined ? [] : ['Link', `<${link}>; rel="deprecation"; type="text/html"`]),
        ],
      ]),
    )
    return function noteDeprecation({ route = '', answerHeaders }) {
      const told = fields.get(route)
      if (told === undefined) return allow
      // The field may occur only once, and a deprecated signature scheme may have set it already.
      const before = answerHeaders.indexOf('Deprecation')
      if (before >= 0) answerHeaders.splice(before, 2)
      answerHeaders.push(...told)
      return allow
    }
  },
})
