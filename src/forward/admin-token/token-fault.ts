/** Why there is no token at present. */
export interface TokenFault {
  /** For the operator; contains no secret. */
  readonly reason: string
  /** Whole seconds until it is tried again. */
  readonly retryAfterSeconds: number
}
