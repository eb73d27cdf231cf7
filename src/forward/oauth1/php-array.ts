/** What a query parameter is to PHP: a string, or an array. */
export type PhpValue = string | PhpArray

/**
 * An array as PHP builds it from a query: entries keep the place where their key was first set, and
 * `[]` takes the index after the greatest one (PHP: Zend/zend_hash.c, nNextFreeElement).
 */
export class PhpArray {
  readonly #entries = new Map<string, PhpValue>()
  #nextIndex = 0

  get entries(): Iterable<[string, PhpValue]> {
    return this.#entries
  }

  /** Sets a value in the place of any earlier one; without a key, at the next free index. */
  set(key: string | undefined, value: PhpValue): void {
    const name = key ?? String(this.#nextIndex)
    if (isIndex(name)) this.#nextIndex = Math.max(this.#nextIndex, Number(name) + 1)
    this.#entries.set(name, value)
  }

  /** The array at a key; where there is none, a new one, also in the place of a string. */
  arrayAt(key: string | undefined): PhpArray {
    const existing = key === undefined ? undefined : this.#entries.get(key)
    if (existing instanceof PhpArray) return existing
    const array = new PhpArray()
    this.set(key, array)
    return array
  }
}

function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(key)
}
