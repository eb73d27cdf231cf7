import { redacted } from '../../contract/secret.ts'
import { percentDecode } from '../../syntax/percent-encoding.ts'
import { maxParameters, showParts } from './shown-parts.ts'
import { redactTokenShapes } from './token-shapes.ts'

/*
 * Names whose values tell how much is asked for, but never about whom: those of the paging, sorting and filters of
 * Magento's search criteria, in the spellings that Magento treats alike.
 */
const shownNames =
  /^(?:fields|search_?criteria\[(?:page_?size|current_?page)\]|search_?criteria\[sort_?orders\]\[\d+\]\[(?:field|direction)\]|search_?criteria\[filter_?groups\]\[\d+\]\[filters\]\[\d+\]\[(?:field|condition_?type)\])$/i
const filterValueName = /^search_?criteria\[filter_?groups\]\[\d+\]\[filters\]\[\d+\]\[value\]$/i
/*
 * Names of fields and attributes, and numbers. Words are short and may have digits only at their end, so that a random
 * token is not taken for a word.
 */
const word = String.raw`[A-Za-z]{1,20}\d{0,3}(?:_(?:[A-Za-z]{1,20}\d{0,3}|\d{1,6}))*|\d{1,12}`
const shownValue = new RegExp(String.raw`^(?!.{257})(?:${word})?(?:[.,[\]](?:${word})?)*$`)

/**
 * A query as the audit shows it: the names and values of paging, sorting and `fields`, and the names of filters. Of
 * everything else it shows only that it was there.
 */
export function redactQuery(query: string): string {
  return showParts(query.split('&'), maxParameters, redactPair).join('&')
}

/** As {@link redactQuery}, but what is not redacted stays encoded as received, byte for byte as it was signed. */
export function redactRawQuery(query: string): string {
  return showParts(query.split('&'), maxParameters, (pair) => {
    const shown = pair === '' ? '' : redactPair(pair)
    if (!shown.includes(redacted)) return pair
    return shown === redacted ? redacted : `${pair.split('=', 1)[0]}=${redacted}`
  }).join('&')
}

function redactPair(pair: string): string {
  const [rawName = '', ...rest] = pair.split('=')
  const name = percentDecode(rawName) ?? ''
  const value = percentDecode(rest.join('=')) ?? ''
  if (shownNames.test(name) && shownValue.test(value)) return `${name}=${redactTokenShapes(value)}`
  if (shownNames.test(name) || filterValueName.test(name)) return `${name}=${redacted}`
  return redacted
}
