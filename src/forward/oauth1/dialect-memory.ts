import { type Dialect, dialectOf } from './dialect.ts'

/**
 * The dialect in which requests to one Magento are signed. Where its version is not known, it is
 * taken for the newest until a request has shown otherwise.
 */
export class DialectMemory {
  readonly #known: Dialect | undefined
  #current: Dialect

  /** @param known what the configuration says of Magento's version; never tried otherwise then */
  constructor(known?: Dialect) {
    this.#known = known
    this.#current = known ?? '2.4.8'
  }

  /** What to sign with now. */
  get current(): Dialect {
    return this.#current
  }

  /** What is left to be tried when a signature in one dialect was refused. */
  alternativeTo(dialect: Dialect): Dialect | undefined {
    if (this.#known !== undefined) return undefined
    return dialect === '2.4.7' ? '2.4.8' : '2.4.7'
  }

  /** Signs with a dialect from now on, since it worked where the other did not. */
  remember(dialect: Dialect): void {
    this.#current = this.#known ?? dialect
  }
}

/** The memory of a Magento, whose version the configuration may know. */
export function dialectMemoryFor(version: string | undefined): DialectMemory {
  return new DialectMemory(version === undefined ? undefined : dialectOf(version))
}
