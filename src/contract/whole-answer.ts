/** A complete answer, held in memory. */
export interface WholeAnswer {
  readonly status: number
  readonly contentType: string
  /** Whole seconds after which the caller may come again. */
  readonly retryAfterSeconds?: number | undefined
  readonly body: Buffer
}
