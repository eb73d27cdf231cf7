/** How a request with a key has ended, as Redis is to be told. */
export interface UnsaidEnd {
  readonly name: string
  /** What the key has while the request runs. */
  readonly value: string
  /** What it has from then on; empty where it is given back. */
  readonly ended: string
  /** Milliseconds. */
  readonly lifeMs: number
}

/** Ends that could not be said yet. */
export interface UnsaidEnds {
  /** Keeps one, where there is room; a key whose end is not kept stays taken until its time is over. */
  readonly add: (end: UnsaidEnd) => void
  /** All of them, which are kept no longer. */
  readonly take: () => readonly UnsaidEnd[]
}

/** What they may take of this process' memory, in characters. */
const maxLength = 33_554_432

/** Keeps ends, the first ones where there are too many. */
export function unsaidEnds(): UnsaidEnds {
  let kept: UnsaidEnd[] = []
  let length = 0
  return {
    add: (end) => {
      const own = end.name.length + end.value.length + end.ended.length
      if (length + own > maxLength) return
      kept.push(end)
      length += own
    },
    take: () => {
      const all = kept
      kept = []
      length = 0
      return all
    },
  }
}
