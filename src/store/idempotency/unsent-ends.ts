/** How a request with a key has ended, in the form in which Redis is told. */
export interface UnsentEnd {
  readonly name: string
  /** The value of the key while the request runs. */
  readonly value: string
  /** The value of the key from then on; empty to release the key. */
  readonly ended: string
  /** How long the key stays after that, in milliseconds. */
  readonly lifeMs: number
}

/** Ends of which Redis could not be told yet. */
export interface UnsentEnds {
  /** Keeps an end if there is room for it. A key whose end is not kept stays taken until it expires. */
  readonly add: (end: UnsentEnd) => void
  /** Returns all of them and forgets them. */
  readonly take: () => readonly UnsentEnd[]
}

/** How much memory they may take, in characters. */
const maxLength = 33_554_432

/** Keeps ends; if there are too many, only the first ones. */
export function unsentEnds(): UnsentEnds {
  let kept: UnsentEnd[] = []
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
