import { Type } from 'typebox'

const unitSeconds = { s: 1, min: 60, h: 3600 } as const
const rateForm = /^([1-9]\d{0,8})\/(s|min|h)$/

/**
 * A setting that gives a sustained rate: `20/s`, `300/min`, `5000/h`.
 * @param description what is counted, for the schema
 * @param standard the default
 */
export function RateSetting(description: string, standard?: string) {
  return Type.String({
    ...(standard !== undefined && { default: standard }),
    pattern: rateForm.source,
    examples: ['20/s'],
    description,
    expected: 'a rate such as 20/s, 300/min or 5000/h',
  })
}

/** Reads a rate: `count` in each unit of `unitSeconds`. */
export function parseRate(text: string): { readonly count: number; readonly unitSeconds: number } {
  const [, count, unit] = rateForm.exec(text) ?? []
  if (count === undefined || unit === undefined) throw new TypeError('not a rate')
  return { count: Number(count), unitSeconds: unitSeconds[unit as keyof typeof unitSeconds] }
}

/** Reads a rate into requests per second. */
export function ratePerSecond(text: string): number {
  const { count, unitSeconds: seconds } = parseRate(text)
  return count / seconds
}
