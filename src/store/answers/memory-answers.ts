import { LRUCache } from 'lru-cache'
import type { AnswerStore, KeptUnderKey } from '../../contract/answer-store.ts'
import { ownBytes } from '../../contract/own-bytes.ts'

/** An answer kept in memory. */
interface Entry {
  readonly ticket: string
  readonly kept: KeptUnderKey
  readonly untilMs: number
  readonly bytes: number
}

/** The version of a tag, which changes when it is dropped, and until when nothing may be kept under it. */
interface TagState {
  readonly version: number
  readonly heldOffUntilMs: number
}

/** Bytes that an entry takes in addition to its texts and body. */
const entryBytes = 512

/** At most this many tags are remembered. Answers with a forgotten tag are fetched again. */
const maxTags = 100_000

/**
 * Keeps answers in this process. When memory runs out, the least recently used ones are dropped.
 * @param maxBytes how much memory they may take, roughly
 * @param clock milliseconds, never going back
 */
export function memoryAnswers(
  maxBytes: number,
  clock: () => number,
): AnswerStore & { readonly usedBytes: () => number } {
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => bytes,
  })
  const tagStates = new LRUCache<string, TagState>({ max: maxTags })
  let versions = 0

  function renew(tag: string, heldOffUntilMs: number): TagState {
    versions += 1
    const state = { version: versions, heldOffUntilMs }
    tagStates.set(tag, state)
    return state
  }

  /** The current versions of the tags, as one text; undefined while nothing may be kept under one of them. */
  function ticketOf(tags: readonly string[]): string | undefined {
    const nowMs = clock()
    let ticket = ''
    for (const tag of tags) {
      const state = tagStates.get(tag) ?? renew(tag, 0)
      if (state.heldOffUntilMs > nowMs) return undefined
      // Numbers contain no space, so different lists make different texts.
      ticket += `${state.version} `
    }
    return ticket
  }

  return {
    find: (key, tags) => {
      const ticket = ticketOf(tags)
      if (ticket === undefined) return { kept: undefined, ticket }
      const entry = entries.get(key)
      const isValid = entry !== undefined && entry.ticket === ticket && entry.untilMs > clock()
      return { kept: isValid ? entry.kept : undefined, ticket }
    },
    keep: (key, _tags, ticket, kept, forMs) => {
      const bytes = entryBytes + 2 * key.length + sizeOf(kept)
      const own = 'selectedBy' in kept ? kept : { ...kept, body: ownBytes(kept.body) }
      entries.set(key, { ticket, kept: own, untilMs: clock() + forMs, bytes })
    },
    drop: (tags, holdOffMs) => {
      const nowMs = clock()
      for (const tag of tags) {
        // An earlier write may hold the tag off for longer than this one.
        const before = tagStates.peek(tag)?.heldOffUntilMs ?? 0
        renew(tag, Math.max(before, holdOffMs === 0 ? 0 : nowMs + holdOffMs))
      }
    },
    usedBytes: () => entries.calculatedSize,
  }
}

function sizeOf(kept: KeptUnderKey): number {
  if ('selectedBy' in kept) return 2 * kept.selectedBy.join().length
  return kept.body.length + 2 * kept.headers.reduce((length, text) => length + text.length, 0)
}
