/*
 * What PHP takes for a number in a text (PHP: is_numeric). Callers choose the texts, so there must be only one way in which
 * a row of digits can match.
 */
const numeric = /^[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[ \t\n\r\v\f]*$/i

/** The whole number that PHP makes of a text that is numeric as a whole; undefined for any other text. */
export function wholeNumberOf(text: string): number | undefined {
  return numeric.test(text) ? Math.trunc(Number(text)) : undefined
}

/**
 * The whole number that PHP makes of any text, which is the number at its beginning, exponent included (PHP: settype);
 * NaN where there is none, and PHP takes 0.
 */
export function numberAtBegin(text: string): number {
  return Math.trunc(Number.parseFloat(text))
}
