import {
  type BareItem,
  type InnerList,
  type Item,
  parseDictionary,
  parseItem,
  parseList,
  Token,
} from 'structured-headers'

/** A member of a Dictionary or List (RFC 9651, sections 3.1 and 3.2). */
export type Member = Item | InnerList

/** A Dictionary in which no key and no parameter is repeated. */
export type StrictDictionary = ReadonlyMap<string, Member>

/** The type of a structured field, according to the definition of the field. */
export type FieldType = 'dictionary' | 'list' | 'item'

/**
 * Parses a Dictionary (RFC 9651, section 4.2). More strictly than the RFC, it accepts only the canonical spelling, apart
 * from white space. This excludes repeated keys and parameters (of which a parser keeps only the last), leading zeros,
 * and base64 in any form but its canonical one.
 * @returns undefined if the text is refused
 */
export function parseStrictDictionary(text: string): StrictDictionary | undefined {
  return parseStrictly(text, () => {
    const dictionary = parseDictionary(text)
    return { parsed: dictionary, canonical: serializeDictionary(dictionary) }
  })
}

/** Parses a field as strictly as {@link parseStrictDictionary} and serializes it again (RFC 9651, section 4.1). */
export function reserialize(text: string, type: FieldType): string | undefined {
  return parseStrictly(text, () => {
    const canonical =
      type === 'dictionary'
        ? serializeDictionary(parseDictionary(text))
        : type === 'list'
          ? parseList(text).map(serializeMember).join(', ')
          : serializeMember(parseItem(text))
    return { parsed: canonical, canonical }
  })
}

/** Serializes a member without its key (RFC 9651, sections 4.1.1.1 and 4.1.3). */
export function serializeMember(member: Member): string {
  const [value, parameters] = member
  const text = Array.isArray(value)
    ? `(${value.map(serializeMember).join(' ')})`
    : serializeBareItem(value)
  return text + serializeParameters(parameters)
}

/** Serializes parameters, each with its leading semicolon (RFC 9651, section 4.1.1.2). */
export function serializeParameters(parameters: ReadonlyMap<string, BareItem>): string {
  let text = ''
  for (const [key, value] of parameters) {
    text += value === true ? `;${key}` : `;${key}=${serializeBareItem(value)}`
  }
  return text
}

function parseStrictly<Parsed>(
  text: string,
  parse: () => { readonly parsed: Parsed; readonly canonical: string },
): Parsed | undefined {
  try {
    const { parsed, canonical } = parse()
    if (canonical === text || withoutSpace(canonical) === withoutSpace(text)) return parsed
  } catch {
    // Whatever the error says, the field cannot be read, and callers need to know no more.
  }
  return undefined
}

function serializeDictionary(dictionary: ReadonlyMap<string, Member>): string {
  let text = ''
  for (const [key, member] of dictionary) {
    if (text !== '') text += ', '
    const isTrue = member[0] === true
    text += isTrue ? key + serializeParameters(member[1]) : `${key}=${serializeMember(member)}`
  }
  return text
}

/*
 * The library's own serializer is not used: it writes the decimal 1.0 as the integer 1, escapes control characters of
 * display strings with one digit only, and takes as long as parsing does. Types of values that do not occur in the
 * fields of a signature are refused.
 */
function serializeBareItem(value: BareItem): string {
  if (typeof value === 'string') return needsEscape.test(value) ? escaped(value) : `"${value}"`
  if (typeof value === 'number' && Number.isInteger(value)) return String(value)
  if (typeof value === 'boolean') return value ? '?1' : '?0'
  if (value instanceof ArrayBuffer) return `:${Buffer.from(value).toString('base64')}:`
  if (value instanceof Token) return value.toString()
  throw new TypeError('a bare item of a type that no signature needs')
}

const needsEscape = /["\\]/

function escaped(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

function withoutSpace(text: string): string {
  return text.replaceAll(/[ \t]/g, '')
}
