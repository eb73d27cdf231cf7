/**
 * Whether a text in the format of ISO 8601 is a date, or a date and time in UTC, that exists: `Date` takes
 * 30 February for 2 March.
 */
export function isCalendarTime(text: string): boolean {
  const time = new Date(text)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text.replace(/Z$/, ''))
}
