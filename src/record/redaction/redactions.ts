import { hash } from 'node:crypto'
import type { Secret } from '../../contract/secret.ts'
import { compileRedaction } from './compile-redaction.ts'
import type { Redact } from './known-secrets.ts'
import type { ShapeSettings } from './token-shapes.ts'

/** The secrets of all configurations that log or audit may still mention. */
export interface Redactions {
  /** Replaces the secrets of all of them in a text. */
  readonly redact: Redact
  /**
   * Adds the secrets of a configuration.
   * @returns removes them again; to be called when nothing of that configuration can be written any more
   */
  readonly add: (secrets: readonly Secret[], settings: ShapeSettings) => Promise<() => void>
}

/** Starts without any. Configurations with the same secrets share one compiled search. */
export function openRedactions(): Redactions {
  const shared = new Map<string, { readonly redact: Redact; users: number }>()
  // Almost always just one.
  let living: readonly Redact[] = []
  return {
    redact: (text) => {
      let shown = text
      for (const redact of living) shown = redact(shown)
      return shown
    },
    add: async (secrets, settings) => {
      const key = keyOf(secrets, settings)
      const redact = shared.get(key)?.redact ?? (await compileRedaction(secrets, settings))
      const own = shared.get(key) ?? { redact, users: 0 }
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

function keyOf(secrets: readonly Secret[], settings: ShapeSettings): string {
  // In no certain order, since many files are read at once.
  const texts = secrets.map((secret) => secret.reveal()).sort()
  return hash('sha256', JSON.stringify([texts, settings]))
}
