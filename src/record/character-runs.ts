/** Which characters of ASCII a run is made of: 1 at the code of each. */
export type Characters = Uint8Array

/** A stretch of a text, its end excluded. */
export interface Run {
  readonly begin: number
  readonly end: number
}

/** The characters of ASCII that an expression fits. */
export function characters(form: RegExp): Characters {
  return Uint8Array.from({ length: 128 }, (_, code) =>
    form.test(String.fromCharCode(code)) ? 1 : 0,
  )
}

/**
 * Finds the runs of at least so many of the characters, in order. It looks at every `minLength`-th
 * character, and at others only around one that fits.
 */
export function findRuns(text: string, members: Characters, minLength: number): readonly Run[] {
  let runs: Run[] | undefined
  const units = unitsOf(text)
  const { length } = text
  for (let at = minLength - 1; at < length; ) {
    let begin = at
    while (begin > at - minLength && isMember(members, units[begin] as number)) begin -= 1
    if (begin > at - minLength) {
      at = begin + minLength
      continue
    }
    let end = at + 1
    while (end < length && isMember(members, units[end] as number)) end += 1
    runs ??= []
    runs.push({ begin: begin + 1, end })
    at = end + minLength
  }
  return runs ?? none
}

const none: readonly Run[] = []

function isMember(members: Characters, unit: number): boolean {
  return unit < members.length && members[unit] === 1
}

let scratch = Buffer.from(new ArrayBuffer(32_768))
let scratchUnits = new Uint16Array(scratch.buffer)

/** The UTF-16 units of a text: to go through them is far faster than through the text. */
function unitsOf(text: string): Uint16Array {
  if (scratchUnits.length < text.length) {
    scratch = Buffer.from(new ArrayBuffer(text.length * 4))
    scratchUnits = new Uint16Array(scratch.buffer)
  }
  scratch.write(text, 0, 'utf16le')
  return scratchUnits
}
