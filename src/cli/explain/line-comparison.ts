/** Renders one line of a signed string, with what must not be shown redacted. */
export type ShowLine = (line: string, index: number) => string

/** Two strings line by line, as text. */
export interface LineComparison {
  readonly text: readonly string[]
  /** The first line that differs, counted from 0; undefined if the strings are equal. */
  readonly firstDifference: number | undefined
}

/**
 * Compares the string that the gateway computed with the client's. Equal lines are shown once, and the first different
 * one is marked.
 */
export function compareLines(gateway: string, client: string, show: ShowLine): LineComparison {
  const ours = gateway.split('\n')
  const theirs = client.split('\n')
  const text: string[] = []
  let firstDifference: number | undefined
  for (let index = 0; index < Math.max(ours.length, theirs.length); index += 1) {
    const [our, their] = [ours[index], theirs[index]]
    if (our === their) {
      text.push(row(' ', index, 'both', shown(our, index, show)))
      continue
    }
    firstDifference ??= index
    const mark = index === firstDifference ? '>' : ' '
    text.push(row(mark, index, 'gateway', shown(our, index, show)))
    text.push(row(mark, index, 'client', shown(their, index, show)))
  }
  return { text, firstDifference }
}

/** Divides a base string into the lines in which it is shown; with OAuth, those are its parts and parameters. */
export function baseLines(scheme: 'rfc9421' | 'oauth1', base: string): string {
  return scheme === 'rfc9421' ? base : base.replace(/&|%26/g, '\n')
}

/** Shows only the string that the gateway computed. */
export function showLines(gateway: string, show: ShowLine): string[] {
  return gateway
    .split('\n')
    .map((line, index) => row(' ', index, 'gateway', shown(line, index, show)))
}

function row(mark: string, index: number, whose: string, line: string): string {
  return `${mark} ${String(index + 1).padStart(3)}  ${whose.padEnd(7)}  ${line}`
}

function shown(line: string | undefined, index: number, show: ShowLine): string {
  if (line === undefined) return '(no such line)'
  return line === '' ? '(empty)' : visible(show(line, index))
}

const escapes = new Map([
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
])

/** Spells out spaces at either end, and characters that a terminal would hide or obey. */
export function visible(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]/gu, (character) => {
      return escapes.get(character) ?? `\\u{${character.codePointAt(0)?.toString(16)}}`
    })
    .replace(/^ | $/g, '␠')
}
