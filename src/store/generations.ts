/** A map that forgets. */
export interface Generations<Value> {
  readonly get: (key: string) => Value | undefined
  readonly set: (key: string, value: Value) => void
  readonly size: () => number
}

/**
 * A map of a bounded number of entries: at least those that were set last, half as many as the bound. They
 * are kept in two generations and the older one is dropped whole, because to delete single entries from a
 * large map in their order costs more with each one.
 */
export function generations<Value extends {}>(maxEntries: number): Generations<Value> {
  const generationSize = Math.max(1, Math.floor(maxEntries / 2))
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set: (key, value) => {
      young.set(key, value)
      if (young.size < generationSize) return
      old = young
      young = new Map()
    },
    size: () => young.size + old.size,
  }
}
