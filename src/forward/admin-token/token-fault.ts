/** That there is no token now. */
export interface TokenFault {
  /** For the operator; holds nothing secret. */
  readonly reason: string
  /** Whole seconds until it is tried again. */
  readonly retryAfterSeconds: number
}
