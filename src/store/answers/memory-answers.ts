import { LRUCache } from 'lru-cache'
import type { AnswerStore, KeptUnderKey } from '../../contract/answer-store.ts'

/** An answer that lies in memory. */
interface Entry {
  readonly ticket: string
  readonly kept: KeptUnderKey
  readonly untilMs: number
  readonly bytes: number
}

/** Since when a tag has not been dropped, and whether something may be kept under it. */
interface TagState {
  readonly version: number
  readonly heldOffUntilMs: number
}

/** What an entry takes besides its texts and its body. */
const entryBytes = 512

/** Tags that are remembered; what had one that is forgotten is fetched anew. */
const maxTags = 100_000

/**
 * Answers that this process keeps; those that were not asked for the longest go first.
 * @param maxBytes of memory, about
 * @param clock milliseconds since the epoch
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

  /** Tells the time since which none of the tags has been dropped; undefined while one is held off. */
  function ticketOf(tags: readonly string[]): string | undefined {
    const nowMs = clock()
    let ticket = ''
    for (const tag of tags) {
      const state = tagStates.get(tag) ?? renew(tag, 0)
      if (state.heldOffUntilMs > nowMs) return undefined
      // Numbers only, so no two lists of them make one text.
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
    keep: (key, ticket, kept, forMs) => {
      const bytes = entryBytes + 2 * key.length + sizeOf(kept)
      entries.set(key, { ticket, kept, untilMs: clock() + forMs, bytes })
    },
    drop: (tags, holdOffMs) => {
      const nowMs = clock()
      for (const tag of tags) {
        // What an earlier write holds off stays so.
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
