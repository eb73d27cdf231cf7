/** Compares as PHP's strnatcmp does: runs of digits by their value, all else by byte; for ASCII without blanks. */
export function compareNaturally(left: string, right: string): number {
  let a = skipLeadingZeros(left, 0)
  let b = skipLeadingZeros(right, 0)
  while (a < left.length && b < right.length) {
    if (isDigit(left[a]) && isDigit(right[b])) {
      const order =
        left[a] === '0' || right[b] === '0'
          ? compareFractions(left, a, right, b)
          : compareNumbers(left, a, right, b)
      if (order !== 0) return order
      a = endOfDigits(left, a)
      b = endOfDigits(right, b)
      continue
    }
    const order = left.charCodeAt(a) - right.charCodeAt(b)
    if (order !== 0) return order
    a += 1
    b += 1
  }
  return Math.sign(left.length - a - (right.length - b))
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9'
}

function skipLeadingZeros(text: string, start: number): number {
  let at = start
  while (text[at] === '0' && isDigit(text[at + 1])) at += 1
  return at
}

function endOfDigits(text: string, start: number): number {
  let at = start
  while (isDigit(text[at])) at += 1
  return at
}

/** The longer run is the greater number; runs of one length differ at their first digit. */
function compareNumbers(left: string, a: number, right: string, b: number): number {
  const x = left.slice(a, endOfDigits(left, a))
  const y = right.slice(b, endOfDigits(right, b))
  if (x.length !== y.length) return x.length - y.length
  return compareStrings(x, y)
}

/** A run that starts with zero counts as the digits after a decimal point. */
function compareFractions(left: string, a: number, right: string, b: number): number {
  return compareStrings(left.slice(a, endOfDigits(left, a)), right.slice(b, endOfDigits(right, b)))
}

function compareStrings(x: string, y: string): number {
  if (x === y) return 0
  return x < y ? -1 : 1
}
