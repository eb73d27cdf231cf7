import { hash } from 'node:crypto'

/** Where a chain of lines stands. */
export interface ChainHead {
  /** Number of the last line; the first one has 1. */
  readonly seq: number
  /** Its hash, hex. */
  readonly hash: string
}

/** Before the first line. */
export const genesis: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/** A line that belongs to a chain, without its line feed, and the head that it makes. */
export interface ChainedLine {
  readonly line: string
  readonly head: ChainHead
}

/**
 * Links a JSON object to the line before it: it gets the members `seq`, `prev` and `hash` at its
 * end. `hash` is the hex SHA-256 of the very bytes of the line up to the comma before `hash`.
 * @param json an object with at least one member
 */
export function chainLine(json: string, before: ChainHead): ChainedLine {
  const seq = before.seq + 1
  const covered = `${json.slice(0, -1)},"seq":${seq},"prev":"${before.hash}"`
  const digest = hash('sha256', covered)
  return { line: `${covered},"hash":"${digest}"}`, head: { seq, hash: digest } }
}

/** Lines that follow each other in a chain, line feeds included, and the head that each makes. */
export interface ChainedLines {
  readonly lines: string[]
  readonly heads: ChainHead[]
}

/** Links JSON objects to the line before them, as {@link chainLine} does. */
export function chainLines(jsons: readonly string[], before: ChainHead): ChainedLines {
  const lines: string[] = []
  const heads: ChainHead[] = []
  let head = before
  for (const json of jsons) {
    const chained = chainLine(json, head)
    head = chained.head
    heads.push(head)
    lines.push(`${chained.line}\n`)
  }
  return { lines, heads }
}

const lineEnd = /,"seq":(\d+),"prev":"[0-9a-f]{64}","hash":"([0-9a-f]{64})"\}$/

/** The head that a line makes; undefined when it is not a whole line of a chain. */
export function headOf(line: string): ChainHead | undefined {
  const [end, seq, digest] = lineEnd.exec(line) ?? []
  if (end === undefined || digest === undefined) return undefined
  const covered = line.slice(0, line.length - ',"hash":""}'.length - digest.length)
  return hash('sha256', covered) === digest ? { seq: Number(seq), hash: digest } : undefined
}
