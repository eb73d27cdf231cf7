import { urlDecode } from './url-decoding.ts'

/** A value of a form or query: a string, or an array in PHP's sense. */
export type FormValue = string | FormFields

/** An array in PHP's sense: keys in no particular order, without a prototype. */
export interface FormFields {
  [name: string]: FormValue
}

/** Reads a query string as PHP fills `$_GET`: nested by brackets, last duplicate wins (PHP: parse_str). */
export function parseFormFields(text: string): FormFields {
  const pairs: [string, string][] = []
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    const value = equals < 0 ? '' : part.slice(equals + 1)
    pairs.push([urlDecode(name), urlDecode(value)])
  }
  return nestFormFields(pairs)
}

/** Nests decoded names and values by the brackets in the names (PHP: php_register_variable_ex). */
export function nestFormFields(pairs: readonly (readonly [string, string])[]): FormFields {
  const fields = emptyFields()
  for (const [name, value] of pairs) {
    const keys = splitName(name)
    if (keys !== undefined) assign(fields, keys, value)
  }
  return fields
}

function emptyFields(): FormFields {
  return Object.create(null) as FormFields
}

/** `a.b[c][]` gives `a_b`, `c` and the empty string; undefined for a name that PHP ignores. */
function splitName(name: string): string[] | undefined {
  const trimmed = name.replace(/^ +/, '')
  const open = trimmed.indexOf('[')
  const first = (open > 0 ? trimmed.slice(0, open) : trimmed).replace(/[ .[]/g, '_')
  if (first === '') return undefined
  if (open <= 0) return [first]
  const keys = [first]
  let rest = trimmed.slice(open)
  while (rest.startsWith('[')) {
    const close = rest.indexOf(']')
    // An unclosed bracket is no bracket: PHP keeps it in the name, as an underscore.
    if (close < 0) return keys.length === 1 ? [trimmed.replace(/[ .[]/g, '_')] : keys
    const key = rest.slice(1, close)
    // A single space between brackets is as nothing, two are a key.
    keys.push(/^[ \t\n\v\f\r]$/.test(key) ? '' : key)
    rest = rest.slice(close + 1)
  }
  return keys
}

function assign(fields: FormFields, keys: readonly string[], value: string): void {
  let target = fields
  keys.forEach((key, index) => {
    const name = key === '' && index > 0 ? nextIndex(target) : key
    if (index === keys.length - 1) {
      target[name] = value
      return
    }
    const inner = target[name]
    const child = typeof inner === 'object' ? inner : emptyFields()
    target[name] = child
    target = child
  })
}

function nextIndex(fields: FormFields): string {
  const indices = Object.keys(fields).filter((key) => /^(?:0|[1-9]\d*)$/.test(key))
  return String(indices.reduce((next, key) => Math.max(next, Number(key) + 1), 0))
}
