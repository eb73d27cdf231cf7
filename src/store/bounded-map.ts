/** A map that forgets its oldest entries. */
export interface BoundedMap<Value> {
  readonly get: (key: string) => Value | undefined
  readonly set: (key: string, value: Value) => void
  readonly size: () => number
}

/**
 * Makes a map of at most `maxEntries` entries, which has at least the half of them that were set last. It consists of
 * a young and an old map, and the old one is dropped whole: deleting the oldest entries of a large map one by one
 * gets slower with each.
 */
export function boundedMap<Value extends {}>(maxEntries: number): BoundedMap<Value> {
  const youngSize = Math.floor(maxEntries / 2)
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set: (key, value) => {
      young.set(key, value)
      if (young.size < youngSize) return
      old = young
      young = new Map()
    },
    size: () => young.size + old.size,
  }
}
