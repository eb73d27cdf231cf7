/** The exchange with Magento, as far as it is known; kept for the audit record. */
export interface UpstreamExchange {
  /**
   * When it was handed to the connection pool, less the time that earlier attempts and calls took; milliseconds of
   * `performance.now()`.
   */
  readonly startedAt: number
  /** W3C Trace Context parent id that Magento was sent, 16 hex digits. */
  readonly spanId: string
  /** Origin of the Magento that it was sent to. */
  readonly origin: string
  status?: number
  /** Milliseconds until the answer was complete or had failed. */
  durationMs?: number
}
