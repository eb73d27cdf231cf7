/** A way to misbehave. Times are milliseconds. */
export type Fault =
  /** Does the work at once and holds the answer back. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Nobody listens on the port; open connections are ended. Hits every request. */
  | { readonly kind: 'refuse' }
  /** Resets the connection (RST) instead of answering; no work is done. */
  | { readonly kind: 'reset' }
  /** Does the work, announces the whole answer, sends half of its body and resets the connection. */
  | { readonly kind: 'reset-mid-body' }
  /** Does the work and sends the body of the answer piece by piece. */
  | { readonly kind: 'drip'; readonly bytesPerInterval: number; readonly intervalMs: number }
  /** 503 with a JSON body, as a load balancer sends it; `retryAfter` goes into Retry-After. */
  | { readonly kind: 'unavailable'; readonly retryAfter?: number | string }
  /** Magento's maintenance page (Magento: pub/errors/503.php). */
  | { readonly kind: 'maintenance' }
  /** Takes the request and never answers; no work is done. */
  | { readonly kind: 'stall' }
  /** An error page of a proxy in front. */
  | { readonly kind: 'html-error'; readonly status: number }
  /** A PHP fatal error: Magento's second shape of error. */
  | { readonly kind: 'fatal' }
  /** Does the work, announces ten bytes more than come, and ends the connection. */
  | { readonly kind: 'wrong-content-length' }
  /** A JSON string that never ends, as fast as the client reads it. */
  | { readonly kind: 'endless-body' }
  /** Answers what it was told. */
  | {
      readonly kind: 'echo'
      readonly status?: number
      readonly headers?: Readonly<Record<string, string | readonly string[]>>
      readonly body?: string | Buffer
    }
