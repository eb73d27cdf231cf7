import { setImmediate as nextTurn } from 'node:timers/promises'
import { redacted } from '../../contract/secret.ts'
import { percentEncode } from '../../syntax/percent-encoding.ts'

/** Replaces every secret in a text. */
export type Redact = (text: string) => string

/** The searches for known secrets. */
export interface KnownSecrets {
  readonly inText: Redact
  /** In lines of JSON, which stay JSON. */
  readonly inJson: Redact
}

/** A part of a string of JSON. A secret with a quote could also be found across the end of one. */
const partOfString = /^(?:[^"\\\n]|\\.)*$/

/*
 * How the search works. A secret can occur in several forms (plain, base64 and so on). A table has a hash of every
 * form, and a bit set has a bit for each of its first grams, which are runs of `stride` characters. A form has at
 * least `windowLength` characters, so that wherever it occurs in a text, one of its first `stride` grams begins at a
 * multiple of `stride`. So only those places are looked at, and the bit set says almost always that nothing begins
 * there. The time hardly depends on the number of secrets, which may be a hundred thousand, nor on whether they
 * begin alike, as those of one issuer do.
 */
const windowLength = 7
const stride = 4
const base = 0x01000193

/** Shorter secrets are not searched for: the search cannot find them. Only URLs and their passwords can be so short. */
const minSecretLength = windowLength

/**
 * Compiles a search for secrets in plain, percent-encoded, base64, base64url (also within a longer text
 * that was encoded), hex and JSON-escaped form (also twice). That takes a second for tens of thousands of secrets, in
 * many turns of the event loop, so that requests are served meanwhile.
 */
export async function compileKnownSecrets(secrets: readonly string[]): Promise<KnownSecrets> {
  const texts = [...new Set(secrets)].filter((text) => text.length >= minSecretLength)
  if (texts.length === 0) return { inText: (text) => text, inJson: (text) => text }
  const { grams, starts, lengths, find } = await hashTable(texts)
  return {
    inText: (text) => search(text, () => true),
    inJson: (text) => search(text, (form) => partOfString.test(form)),
  }

  function search(text: string, isWanted: (form: string) => boolean): string {
    let out = ''
    let shown = 0
    const { bytes, words } = lowBytes(text)
    const wordCount = text.length >>> 2
    for (let word = 0; word < wordCount; word += 1) {
      if (!hasGram(grams, words[word] as number)) continue
      const at = word * stride
      const last = Math.min(at, text.length - windowLength)
      for (let begin = Math.max(at - stride + 1, shown); begin <= last; begin += 1) {
        if (!hasGram(starts, hashOn(0, bytes, begin, begin + windowLength))) continue
        const found = longestAt(begin)
        if (found === 0) continue
        out += text.slice(shown, begin) + redacted
        shown = begin + found
        begin = shown - 1
      }
    }
    return shown === 0 ? text : out + text.slice(shown)

    /** The length of the longest form that begins at a place; 0 when none does. */
    function longestAt(begin: number): number {
      let longest = 0
      let hash = 0
      let hashedTo = begin
      for (const length of lengths) {
        const end = begin + length
        if (end > text.length) break
        hash = hashOn(hash, bytes, hashedTo, end)
        hashedTo = end
        const form = () => text.slice(begin, end)
        const shows = (index: number) => formsOf(texts[index] as string).includes(form())
        if (find(hash).some(shows) && isWanted(form())) longest = length
      }
      return longest
    }
  }
}

/** The low byte of each UTF-16 unit of a text, one at a time and in groups of four. */
interface LowBytes {
  readonly bytes: Buffer
  readonly words: Int32Array
}

let scratch = scratchOf(16_384)

function scratchOf(length: number): LowBytes {
  const bytes = Buffer.from(new ArrayBuffer(length))
  return { bytes, words: new Int32Array(bytes.buffer) }
}

/** Going through bytes is far faster than going through a string. The result is overwritten by the next call. */
function lowBytes(text: string): LowBytes {
  if (scratch.bytes.length < text.length) scratch = scratchOf((text.length >>> 2) * 8 + 8)
  scratch.bytes.write(text, 0, 'latin1')
  return scratch
}

/** A set of grams, a bit for each hash of one; its length in bits is a power of two. */
type Grams = Int32Array

function hasGram(grams: Grams, gram: number): boolean {
  const bit = gramHash(grams, gram)
  return ((grams[bit >>> 5] as number) & (1 << (bit & 31))) !== 0
}

async function gramsOf(all: readonly number[]): Promise<Grams> {
  const grams = new Int32Array(2 ** Math.max(11, Math.ceil(Math.log2(all.length))))
  for (const [index, gram] of all.entries()) {
    if (index % entriesPerTurn === 0) await nextTurn()
    addGram(grams, gram)
  }
  return grams
}

function addGram(grams: Grams, gram: number): void {
  const bit = gramHash(grams, gram)
  grams[bit >>> 5] = (grams[bit >>> 5] as number) | (1 << (bit & 31))
}

/** Multiplicative hashing: the upper bits of the product are the mixed ones. */
function gramHash({ length }: Grams, gram: number): number {
  const mixed = Math.imul(gram, 0x9e3779b1)
  return ((mixed >>> 6) ^ (mixed << 7)) & (length * 32 - 1)
}

interface HashTable {
  /** The first grams of every form. */
  readonly grams: Grams
  /** Hashes of the first window of every form. */
  readonly starts: Grams
  /** The lengths of all forms, shortest first. */
  readonly lengths: readonly number[]
  /** Indexes of the secrets that have a form with this hash. */
  readonly find: (hash: number) => number[]
}

/** How many secrets, and how many entries of a table, are worked on in a row. */
const secretsPerTurn = 100
const entriesPerTurn = 50_000

async function hashTable(secrets: readonly string[]): Promise<HashTable> {
  const entries: { readonly hash: number; readonly index: number }[] = []
  const firstGrams: number[] = []
  const firstWindows: number[] = []
  const lengths = new Set<number>()
  for (const [index, secret] of secrets.entries()) {
    if (index % secretsPerTurn === 0) await nextTurn()
    const hashes = new Set<number>()
    // For most secrets most forms are the same.
    for (const form of new Set(formsOf(secret))) {
      const { bytes } = lowBytes(form)
      hashes.add(hashOn(0, bytes, 0, form.length))
      lengths.add(form.length)
      firstWindows.push(hashOn(0, bytes, 0, windowLength))
      for (let at = 0; at < stride; at += 1) firstGrams.push(gramAt(bytes, at))
    }
    for (const hash of hashes) entries.push({ hash, index })
  }
  const size = 2 ** Math.ceil(Math.log2(entries.length * 2))
  const mask = size - 1
  const hashes = new Int32Array(size)
  // From 1 on; 0 is a free place.
  const indexes = new Int32Array(size)
  for (const [at, { hash, index }] of entries.entries()) {
    if (at % entriesPerTurn === 0) await nextTurn()
    let place = hash & mask
    while (indexes[place] !== 0) place = (place + 1) & mask
    hashes[place] = hash
    indexes[place] = index + 1
  }
  return {
    grams: await gramsOf(firstGrams),
    starts: await gramsOf(firstWindows),
    lengths: [...lengths].sort((one, other) => one - other),
    find: (hash) => {
      const found: number[] = []
      for (let place = hash & mask; indexes[place] !== 0; place = (place + 1) & mask) {
        if (hashes[place] === hash) found.push((indexes[place] as number) - 1)
      }
      return found
    },
  }
}

const oneGram = new Int32Array(1)
const bytesOfGram = new Uint8Array(oneGram.buffer)

/** Four bytes as a word of {@link lowBytes}, whatever the byte order of the machine. */
function gramAt(bytes: Buffer, at: number): number {
  for (let index = 0; index < stride; index += 1) bytesOfGram[index] = bytes[at + index] as number
  return oneGram[0] as number
}

/** Continues a hash over further bytes. */
function hashOn(before: number, bytes: Buffer, from: number, to: number): number {
  let hash = before
  for (let at = from; at < to; at += 1) {
    hash = (Math.imul(hash, base) + (bytes[at] as number)) | 0
  }
  return hash
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const percent = encodeURIComponent(secret)
  const strict = percentEncode(secret)
  const urlForms = [
    percent,
    strict,
    percent.replace(rawInSegment, decodeURIComponent),
    encodeURI(secret),
  ]
  const hex = bytes.toString('hex')
  const cases = [secret, secret.toUpperCase(), secret.toLowerCase()]
  const escaped = cases.map(inJson)
  return [
    ...cases,
    ...escaped,
    // In JSON that is itself a string of JSON.
    ...escaped.map(inJson),
    ...urlForms,
    percent.replaceAll('%20', '+'),
    ...urlForms.map((form) => form.replace(/%../g, (triplet) => triplet.toLowerCase())),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => base64Forms(bytes, offset)),
  ].filter((form) => form.length >= windowLength)
}

/** What need not be encoded in a segment of a path (RFC 3986, section 3.3), such as the end of base64. */
const rawInSegment = /%(?:24|26|2B|2C|3A|3B|3D|40)/g

/** A text as it stands in a string of JSON. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/**
 * The part of the base64 form of a longer text that a secret alone determines, if the secret begins `offset` bytes
 * after a multiple of three.
 */
function base64Forms(secret: Buffer, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), secret])
  const begin = Math.ceil((offset * 8) / 6)
  const end = Math.floor((bytes.length * 8) / 6)
  return (['base64', 'base64url'] as const).map((form) => bytes.toString(form).slice(begin, end))
}
