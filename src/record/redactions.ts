import { hash } from 'node:crypto'
import type { Secret } from '../contract/secret.ts'
import type { Redact } from './known-secrets.ts'
import { compileRedaction } from './redaction.ts'
import type { ShapeSettings } from './token-shapes.ts'

/** The redactions of all configurations of which something may still be written. */
export interface Redactions {
  /** Strikes the secrets of all of them out of a text. */
  readonly redact: Redact
  /**
   * Has the secrets of one more configuration struck out from now on.
   * @returns ends that; to be called when nothing of it can be written any more
   */
  readonly add: (secrets: readonly Secret[], settings: ShapeSettings) => () => void
}

/** Keeps redactions; configurations with the same secrets share one. */
export function openRedactions(): Redactions {
  const shared = new Map<string, { readonly redact: Redact; users: number }>()
  // Of one configuration at almost all times.
  let living: readonly Redact[] = []
  return {
    redact: (text) => {
      let shown = text
      for (const redact of living) shown = redact(shown)
      return shown
    },
    add: (secrets, settings) => {
      const texts = secrets.map((secret) => secret.reveal())
      const key = hash('sha256', JSON.stringify([texts, settings]))
      const own = shared.get(key) ?? { redact: compileRedaction(secrets, settings), users: 0 }
      own.users += 1
      shared.set(key, own)
      living = [...shared.values()].map(({ redact }) => redact)
      return () => {
        own.users -= 1
        if (own.users > 0) return
        shared.delete(key)
        living = [...shared.values()].map(({ redact }) => redact)
      }
    },
  }
}
