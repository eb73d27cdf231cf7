import type { KeptUnderKey, StoredAnswer } from '../../contract/answer-store.ts'
import { parseJson } from '../../syntax/parse-json.ts'

/** What Redis holds under the key of an answer. */
export interface RedisEntry {
  readonly ticket: string
  readonly kept: KeptUnderKey
}

type Head = { readonly ticket: string } & (
  | { readonly selectedBy: readonly string[] }
  | { readonly answer: Omit<StoredAnswer, 'body'> }
)

const lineFeed = 0x0a
const noBody = Buffer.alloc(0)

/** Encodes an entry as one line of JSON, followed by the unchanged body. */
export function writeEntry({ ticket, kept }: RedisEntry): Buffer {
  if ('selectedBy' in kept) return headBytes({ ticket, selectedBy: kept.selectedBy }, noBody)
  const { body, ...answer } = kept
  return headBytes({ ticket, answer }, body)
}

/** Decodes what {@link writeEntry} has written; undefined for anything else, such as an entry of another version. */
export function readEntry(bytes: Buffer): RedisEntry | undefined {
  const end = bytes.indexOf(lineFeed)
  if (end < 0) return undefined
  const head = parseJson(bytes.toString('utf8', 0, end)) as Head | undefined
  if (head === undefined) return undefined
  const { ticket } = head
  if ('selectedBy' in head) return { ticket, kept: { selectedBy: head.selectedBy } }
  if (!('answer' in head)) return undefined
  const { terms, ...answer } = head.answer
  return { ticket, kept: { ...answer, terms, body: bytes.subarray(end + 1) } }
}

function headBytes(head: Head, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
}
