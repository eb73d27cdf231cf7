import { redacted } from '../secret.ts'

/** Strikes every secret out of a text. */
export type Redact = (text: string) => string

/*
 * Rabin-Karp: of every form that a secret may take, the hash of its first characters is in a table; a
 * text is gone through once with a rolling hash. The time does not depend on how many secrets there are,
 * which may be a hundred thousand, and where nothing is found it is a lookup for each character.
 */
const windowLength = 7
const base = 0x01000193
/** `base` to the power of the window, less one: the weight of the character that leaves it. */
const leaving = power(base, windowLength - 1)

/** A user name may be an ordinary word; what is as short as one is no secret by itself. */
const minSecretLength = windowLength

/**
 * Compiles a search for secrets in plain, percent-encoded, base64, base64url (also within a longer text
 * that was encoded), hex and JSON-escaped form.
 */
export function compileKnownSecrets(secrets: readonly string[]): Redact {
  const texts = [...new Set(secrets)].filter((text) => text.length >= minSecretLength)
  if (texts.length === 0) return (text) => text
  const { marks, find } = hashTable(texts)
  const markMask = marks.length - 1
  return (text) => {
    let out = ''
    let shown = 0
    let hash = 0
    const bytes = lowBytes(text)
    const { length } = text
    for (let at = 0; at < length; at += 1) {
      if (at >= windowLength) {
        hash = (hash - Math.imul(bytes[at - windowLength] as number, leaving)) | 0
      }
      hash = (Math.imul(hash, base) + (bytes[at] as number)) | 0
      if (marks[(hash >>> 7) & markMask] === 0) continue
      const begin = at - windowLength + 1
      if (begin < shown) continue
      const found = longestAt(text, begin, texts, find(hash))
      if (found === 0) continue
      out += text.slice(shown, begin) + redacted
      shown = begin + found
    }
    return shown === 0 ? text : out + text.slice(shown)
  }
}

let scratch = Buffer.alloc(16_384)

/** The low byte of each UTF-16 unit: to go through bytes is four times as fast as through a string. */
function lowBytes(text: string): Buffer {
  if (scratch.length < text.length) scratch = Buffer.alloc(text.length * 2)
  scratch.write(text, 0, 'latin1')
  return scratch
}

/** Of the forms that begin at a place the length of the longest; 0 for none. */
function longestAt(
  text: string,
  at: number,
  secrets: readonly string[],
  candidates: readonly number[],
): number {
  let longest = 0
  for (const index of candidates) {
    for (const form of formsOf(secrets[index] as string)) {
      if (form.length > longest && text.startsWith(form, at)) longest = form.length
    }
  }
  return longest
}

interface HashTable {
  /** By some of the bits of a hash: 0 for almost every one that is not there. */
  readonly marks: Uint8Array
  /** Indexes of the secrets that have a form with this hash. */
  readonly find: (hash: number) => number[]
}

function hashTable(secrets: readonly string[]): HashTable {
  const entries = secrets.flatMap((secret, index) =>
    [...new Set(formsOf(secret).map(hashOf))].map((hash) => ({ hash, index })),
  )
  const size = 2 ** Math.ceil(Math.log2(entries.length * 2))
  const mask = size - 1
  const hashes = new Int32Array(size)
  // From 1 on; 0 is a free place.
  const indexes = new Int32Array(size)
  const marks = new Uint8Array(Math.max(16_384, size * 4))
  for (const { hash, index } of entries) {
    let place = hash & mask
    while (indexes[place] !== 0) place = (place + 1) & mask
    hashes[place] = hash
    indexes[place] = index + 1
    marks[(hash >>> 7) & (marks.length - 1)] = 1
  }
  return {
    marks,
    find: (hash) => {
      const found: number[] = []
      for (let place = hash & mask; indexes[place] !== 0; place = (place + 1) & mask) {
        if (hashes[place] === hash) found.push((indexes[place] as number) - 1)
      }
      return found
    },
  }
}

function hashOf(form: string): number {
  let hash = 0
  for (let at = 0; at < windowLength; at += 1) {
    hash = (Math.imul(hash, base) + (form.charCodeAt(at) & 0xff)) | 0
  }
  return hash
}

function power(of: number, times: number): number {
  let result = 1
  for (let left = times; left > 0; left -= 1) result = Math.imul(result, of)
  return result
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const percent = encodeURIComponent(secret)
  const strict = percent.replace(/[!'()*]/g, percentTriplet)
  const hex = bytes.toString('hex')
  return [
    secret,
    secret.toUpperCase(),
    secret.toLowerCase(),
    percent,
    strict,
    percent.replaceAll('%20', '+'),
    ...[percent, strict].map((form) => form.replace(/%../g, (triplet) => triplet.toLowerCase())),
    JSON.stringify(secret).slice(1, -1),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => base64Forms(bytes, offset)),
  ].filter((form) => form.length >= windowLength)
}

function percentTriplet(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

/**
 * What base64 of a longer text shows of a secret that begins so many bytes behind a multiple of three:
 * the characters that nothing but the secret decides.
 */
function base64Forms(secret: Buffer, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), secret])
  const begin = Math.ceil((offset * 8) / 6)
  const end = Math.floor((bytes.length * 8) / 6)
  return (['base64', 'base64url'] as const).map((form) => bytes.toString(form).slice(begin, end))
}
