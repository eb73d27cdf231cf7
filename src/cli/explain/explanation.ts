/** What is said of a signature. */
export interface SignatureFindings {
  /** Lines of text, not yet searched for secrets. */
  readonly lines: readonly string[]
  /** Signatures that would be right: like the secrets of the configuration, they must not be shown. */
  readonly unshown: readonly string[]
}

/** The result of `explain`. */
export interface Explanation extends SignatureFindings {
  readonly isVerified: boolean
}

/** A finding under its name. */
export function finding(name: string, text: string): string {
  return `${name.padEnd(8)} ${text}`
}
