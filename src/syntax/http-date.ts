const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const time = '(\\d{2}):(\\d{2}):(\\d{2})'
const month = `(${months.join('|')})`

/** The three forms of RFC 9110, section 5.6.7: IMF-fixdate, that of RFC 850 and that of asctime. */
const imfFixdate = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d{2}) ${month} (\\d{4}) ${time} GMT$`,
)
const rfc850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d{2})-${month}-(\\d{2}) ${time} GMT$`,
)
const asctime = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} ([ \\d]\\d) ${time} (\\d{4})$`,
)

/** Reads an HTTP date: milliseconds since the epoch; undefined for anything else. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const fixed = imfFixdate.exec(text)
  if (fixed !== null) {
    const [, day, name, year, ...clock] = fixed
    return utc(Number(year), name, day, clock)
  }
  const old = rfc850.exec(text)
  if (old !== null) {
    const [, day, name, year, ...clock] = old
    return utc(fullYear(Number(year), nowMs), name, day, clock)
  }
  const [, name, day, hours, minutes, seconds, year] = asctime.exec(text) ?? []
  if (year === undefined) return undefined
  return utc(Number(year), name, day, [hours, minutes, seconds])
}

/** RFC 9110, section 5.6.7: a year that seems more than 50 years ahead is the latest past year with these digits. */
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  return year > thisYear + 50 ? year - 100 : year
}

function utc(
  year: number,
  monthName: string | undefined,
  day: string | undefined,
  clock: readonly (string | undefined)[],
): number | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = clock.map(Number)
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  return Date.UTC(year, months.indexOf(monthName ?? ''), Number(day), hours, minutes, seconds)
}
