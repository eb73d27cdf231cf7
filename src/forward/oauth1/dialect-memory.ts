import { type Dialect, dialectOf } from './dialect.ts'

/**
 * Remembers the dialect in which requests to one Magento are signed. If its version is not known, the newest is assumed
 * until a request has shown otherwise.
 */
export class DialectMemory {
  readonly #known: Dialect | undefined
  #current: Dialect

  /** @param version the configured version of Magento; no dialect but its own is tried then */
  constructor(version?: string) {
    this.#known = version === undefined ? undefined : dialectOf(version)
    this.#current = this.#known ?? '2.4.8'
  }

  /** The dialect to sign with now. */
  get current(): Dialect {
    return this.#current
  }

  /** The other dialect, to be tried when a signature was refused; undefined if the version is configured. */
  alternativeTo(dialect: Dialect): Dialect | undefined {
    if (this.#known !== undefined) return undefined
    return dialect === '2.4.7' ? '2.4.8' : '2.4.7'
  }

  /** Uses a dialect from now on, since it worked and the other one did not. */
  remember(dialect: Dialect): void {
    this.#current = this.#known ?? dialect
  }
}
