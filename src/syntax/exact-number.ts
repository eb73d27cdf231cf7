/**
 * Whether a double can hold a number of a JSON text: printed again, in the shortest form or with 17 digits, it is the
 * same decimal. PHP reads 64-bit integers exactly and Node does not, so a number that fails this test would have one
 * value here and another in Magento.
 */
export function isExactNumber(token: string): boolean {
  const value = Number(token)
  if (!Number.isFinite(value)) return false
  const written = normalized(token)
  return written === normalized(String(value)) || written === normalized(value.toPrecision(17))
}

/** The significant digits without zeros at either end, and their power of ten; equal for equal decimals. */
function normalized(token: string): string {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = (whole + fraction).replace(/^-?0*/, '')
  const significant = withoutTrailingZeros(digits)
  if (significant === '') return '0'
  const power = Number(exponent) - fraction.length + digits.length - significant.length
  return `${mantissa.startsWith('-') ? '-' : ''}${significant}e${power}`
}

/** A regular expression would look at a long row of zeros once for each of them. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
