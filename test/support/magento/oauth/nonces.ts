/** Characters that the column holds; more are cut without a word (Magento: table oauth_nonce). */
const columnWidth = 32

/** The nonces that consumers used, as Magento's table keeps them: cut to 32 characters, unique per consumer. */
export class Nonces {
  readonly #rows = new Set<string>()

  /** Whether a nonce stands in the table just so; one that was cut is never found. */
  has(consumerId: number, nonce: string): boolean {
    return this.#rows.has(row(consumerId, nonce))
  }

  /** Inserts; false when the primary key forbids it, as for long nonces that begin alike. */
  add(consumerId: number, nonce: string): boolean {
    const key = row(consumerId, nonce.slice(0, columnWidth))
    if (this.#rows.has(key)) return false
    this.#rows.add(key)
    return true
  }

  /** Empties the table. */
  clear(): void {
    this.#rows.clear()
  }
}

function row(consumerId: number, nonce: string): string {
  return `${consumerId} ${nonce}`
}
