/** A set of ASCII characters, as a table with an entry per UTF-16 unit: 1 for members of the set, otherwise 0. */
export type Characters = Uint8Array

/** A part of a text; the end is exclusive. */
export interface Run {
  readonly begin: number
  readonly end: number
}

/** The set of ASCII characters that an expression matches. */
export function characters(form: RegExp): Characters {
  const members = new Uint8Array(65_536)
  for (let code = 0; code < 128; code += 1) {
    if (form.test(String.fromCharCode(code))) members[code] = 1
  }
  return members
}

/**
 * Finds all runs of at least `minLength` members of a set, in order. To be fast, it looks only at every `minLength`-th
 * character, and at the characters around it only if it is a member.
 * @param harmless runs that consist only of these characters are left out
 */
export function findRuns(
  text: string,
  members: Characters,
  minLength: number,
  harmless: Characters = noCharacters,
): readonly Run[] {
  let runs: Run[] | undefined
  const units = unitsOf(text)
  const { length } = text
  for (let at = minLength - 1; at < length; ) {
    let begin = at
    while (begin > at - minLength && members[units[begin] as number] === 1) begin -= 1
    if (begin > at - minLength) {
      at = begin + minLength
      continue
    }
    let end = at + 1
    while (end < length && members[units[end] as number] === 1) end += 1
    at = end + minLength
    begin += 1
    if (isAllOf(harmless, units, begin, end)) continue
    runs ??= []
    runs.push({ begin, end })
  }
  return runs ?? none
}

/**
 * Replaces runs of a text.
 * @param runs in order
 * @param replace returns the replacement, or undefined to leave the run as it is
 */
export function replaceRuns(
  text: string,
  runs: readonly Run[],
  replace: (run: Run) => string | undefined,
): string {
  let out = ''
  let shown = 0
  for (const run of runs) {
    const replaced = replace(run)
    if (replaced === undefined) continue
    out += text.slice(shown, run.begin) + replaced
    shown = run.end
  }
  return shown === 0 ? text : out + text.slice(shown)
}

const none: readonly Run[] = []
const noCharacters = characters(/(?!)/)

function isAllOf(members: Characters, units: Uint16Array, begin: number, end: number): boolean {
  for (let at = begin; at < end; at += 1) if (members[units[at] as number] !== 1) return false
  return true
}

let scratch = Buffer.from(new ArrayBuffer(32_768))
let scratchUnits = new Uint16Array(scratch.buffer)

/** The UTF-16 units of a text, in an array that the next call overwrites. This is far faster than reading the string. */
function unitsOf(text: string): Uint16Array {
  if (scratchUnits.length < text.length) {
    scratch = Buffer.from(new ArrayBuffer(text.length * 4))
    scratchUnits = new Uint16Array(scratch.buffer)
  }
  scratch.write(text, 0, 'utf16le')
  return scratchUnits
}
