import { Type } from 'typebox'
import { isCalendarTime } from '../syntax/calendar-time.ts'

/** How a date, or a time in UTC, is written, and what is said of it. */
interface CalendarForm {
  readonly form: RegExp
  readonly example: string
  readonly description: string
  readonly expected: string
}

/** A setting that holds a date, or a time in UTC, that there is: of another one `Date` makes another or none. */
export function CalendarSetting({ form, example, description, expected }: CalendarForm) {
  return Type.Refine(
    Type.String({ pattern: form.source, examples: [example], description, expected }),
    // What is not of the form has its fault already.
    (text) => !form.test(text) || isCalendarTime(text),
    () => expected,
  )
}
