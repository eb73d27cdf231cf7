import { hash } from 'node:crypto'

/** The end of a chain of lines. */
export interface ChainHead {
  /** Number of the last line; the first one has 1. */
  readonly seq: number
  /** Its hash, hex. */
  readonly hash: string
}

/** The head before the first line. */
export const genesis: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/** Successive lines of a chain, line feeds included, and the head of the chain after each. */
export interface ChainedLines {
  readonly lines: string[]
  readonly heads: ChainHead[]
}

/**
 * Links JSON objects, each to the line before it: it gets the members `seq`, `prev` and `hash` at its end. `hash` is the
 * hex SHA-256 of the very bytes of the line up to the comma before `hash`.
 * @param jsons objects with at least one member
 */
export function chainLines(jsons: readonly string[], before: ChainHead): ChainedLines {
  const lines: string[] = []
  const heads: ChainHead[] = []
  let { seq, hash: prev } = before
  for (const json of jsons) {
    seq += 1
    const covered = `${json.slice(0, -1)},"seq":${seq},"prev":"${prev}"`
    prev = hash('sha256', covered)
    lines.push(`${covered},"hash":"${prev}"}\n`)
    heads.push({ seq, hash: prev })
  }
  return { lines, heads }
}

const lineEnd = /,"seq":(\d+),"prev":"[0-9a-f]{64}","hash":"([0-9a-f]{64})"\}$/

/** The head of a chain that ends with a line; undefined when the line is not a complete line of a chain. */
export function headOf(line: string): ChainHead | undefined {
  const [end, seq, digest] = lineEnd.exec(line) ?? []
  if (end === undefined || digest === undefined) return undefined
  const covered = line.slice(0, line.length - ',"hash":""}'.length - digest.length)
  return hash('sha256', covered) === digest ? { seq: Number(seq), hash: digest } : undefined
}
