/**
 * Whether there is a date, or a date and time in UTC, that has the format of ISO 8601: `Date` takes 30 February for
 * 2 March, and of a month 13 makes no time at all.
 */
export function isCalendarTime(text: string): boolean {
  const time = new Date(text)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text.replace(/Z$/, ''))
}
