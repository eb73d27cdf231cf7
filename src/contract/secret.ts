import { inspect } from 'node:util'

/** Shown instead of a secret. */
export const redacted = '[redacted]'

/**
 * A secret value that cannot be printed by accident: string conversion, JSON and `util.inspect`
 * all give `[redacted]`.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The plain value. Call it only where the secret is used, and never to build a message. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
