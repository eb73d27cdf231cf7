/** The result of `explain`. */
export interface Explanation {
  readonly isVerified: boolean
  /** Lines of text, not yet searched for secrets. */
  readonly lines: readonly string[]
  /** Signatures that would be right: like the secrets of the configuration, they must not be shown. */
  readonly unshown: readonly string[]
}

/** A finding under its name. */
export function finding(name: string, text: string): string {
  return `${name.padEnd(8)} ${text}`
}
