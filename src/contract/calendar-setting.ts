import { Type } from 'typebox'
import { isCalendarTime } from '../syntax/calendar-time.ts'

/** How a date, or a time in UTC, is written, and how the setting is described. */
interface CalendarForm {
  readonly form: RegExp
  readonly example: string
  readonly description: string
  readonly expected: string
}

/** A setting that holds a date, or a time in UTC, that exists: `Date` alone would take 30 February for 2 March. */
export function CalendarSetting({ form, example, description, expected }: CalendarForm) {
  return Type.Refine(
    Type.String({ pattern: form.source, examples: [example], description, expected }),
    // A text of another form is reported by the pattern already.
    (text) => !form.test(text) || isCalendarTime(text),
    () => expected,
  )
}
