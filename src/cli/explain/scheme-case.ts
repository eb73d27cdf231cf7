import type { PublicOrigin } from '../../contract/public-origin.ts'
import type { RequestContext } from '../../request-context.ts'

/** The input for explaining the signature of a complete request. */
export interface SchemeCase {
  readonly request: RequestContext
  /** Why the gateway refuses the signature; undefined when it verifies. */
  readonly reason: string | undefined
  /** When the gateway verifies, milliseconds since the epoch. */
  readonly atMs: number
  /** The public origin of the gateway. */
  readonly origin: PublicOrigin
  /** The public URL of the shop. */
  readonly magentoUrl: string
  /** The string as the client's own code prints it. */
  readonly clientString: Buffer | undefined
}
