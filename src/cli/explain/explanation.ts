/** What `explain` has found out. */
export interface Explanation {
  readonly isVerified: boolean
  /** Lines of text, not yet searched for secrets. */
  readonly lines: readonly string[]
  /** What must not be shown beside the secrets of the configuration: signatures that would be right. */
  readonly unshown: readonly string[]
}

/** A finding under its name. */
export function finding(name: string, text: string): string {
  return `${name.padEnd(8)} ${text}`
}
