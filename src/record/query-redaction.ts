import { redacted } from '../contract/secret.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import { redactTokenShapes } from './token-shapes.ts'

/*
 * Names whose values say how much is asked for and never who is asked about: the paging, sorting
 * and filter names of Magento's search criteria, in the spellings that Magento folds together.
 */
const shownNames =
  /^(?:fields|search_?criteria\[(?:page_?size|current_?page)\]|search_?criteria\[sort_?orders\]\[\d+\]\[(?:field|direction)\]|search_?criteria\[filter_?groups\]\[\d+\]\[filters\]\[\d+\]\[(?:field|condition_?type)\])$/i
const filterValueName = /^search_?criteria\[filter_?groups\]\[\d+\]\[filters\]\[\d+\]\[value\]$/i
/*
 * Names of fields and attributes, and numbers. Words are short and have digits at their end only, so
 * that a random token does not pass for one.
 */
const word = String.raw`[A-Za-z]{1,20}\d{0,3}(?:_(?:[A-Za-z]{1,20}\d{0,3}|\d{1,6}))*|\d{1,12}`
const shownValue = new RegExp(String.raw`^(?!.{257})(?:${word})?(?:[.,[\]](?:${word})?)*$`)

/**
 * A query as the audit shows it: names and values of paging, sorting and `fields`, the names of
 * filters, and of everything else nothing but that it was there.
 */
export function redactQuery(query: string): string {
  return query.split('&').map(redactPair).join('&')
}

/**
 * As {@link redactQuery}, but what it shows unredacted stands as it was received: encoded, and byte for
 * byte what was signed.
 */
export function redactRawQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => {
      const shown = pair === '' ? '' : redactPair(pair)
      return shown.includes(redacted) ? shown : pair
    })
    .join('&')
}

function redactPair(pair: string): string {
  const [rawName = '', ...rest] = pair.split('=')
  const name = percentDecode(rawName) ?? ''
  const value = percentDecode(rest.join('=')) ?? ''
  if (shownNames.test(name) && shownValue.test(value)) return `${name}=${redactTokenShapes(value)}`
  if (shownNames.test(name) || filterValueName.test(name)) return `${name}=${redacted}`
  return redacted
}
