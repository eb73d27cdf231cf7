import type { PinMatcher } from '../contract/certificate-pin.ts'
import { bearerTokenSyntax } from '../contract/secret-setting.ts'
import { tokenDigest } from '../contract/token-digest.ts'
import { allow, type Step } from '../policy.ts'
import type { Claim, RequestContext } from '../request-context.ts'

/** Finds integrations by what a caller presents. */
export interface IntegrationDirectory {
  readonly names: ReadonlySet<string>
  /** Name of the integration by the {@link tokenDigest} of its bearer token. */
  readonly byToken: ReadonlyMap<string, string>
  /** Pins of client certificates by the name of the integration. */
  readonly certificatePins: ReadonlyMap<string, PinMatcher>
  /** Name of the integration whose signature a header section claims to have. */
  readonly bySignature: (rawHeaders: readonly string[]) => string | undefined
}

// RFC 6750, section 2.1: exactly one space and a token68; the scheme is case-insensitive.
const bearerForm = new RegExp(`^bearer (${bearerTokenSyntax})$`, 'i')

/**
 * Finds out which integration the caller claims to be: by its bearer token, its client certificate,
 * `X-Integration-Id`, or the key that its signature names. It refuses nobody: an unknown or contradictory claim is
 * refused by the policy credential, exactly as a wrong secret is.
 */
export const claimedIntegration: Step<IntegrationDirectory> = {
  name: 'claimed-integration',
  prepare: (directory, services) =>
    function checkClaimedIntegration(request) {
      const token = bearerForm.exec(request.header('authorization') ?? '')?.[1]
      if (token !== undefined) request.bearerDigest = tokenDigest(token)
      const claim = findClaim(directory, request, services.clock())
      const name = request.header('x-integration-id')
      const isContradicted = name !== undefined && name !== claim?.integration
      request.claimed = isContradicted ? undefined : claim
      return allow
    },
}

function findClaim(
  { names, byToken, certificatePins, bySignature }: IntegrationDirectory,
  request: RequestContext,
  nowMs: number,
): Claim | undefined {
  const { bearerDigest, clientCertificate } = request
  const holder = bearerDigest && byToken.get(bearerDigest)
  if (holder !== undefined) return { integration: holder, by: 'token' }
  if (clientCertificate !== undefined) {
    for (const [integration, isPinned] of certificatePins) {
      if (isPinned(clientCertificate, nowMs)) return { integration, by: 'certificate' }
    }
  }
  const name = request.header('x-integration-id')
  const integration = name === undefined ? bySignature(request.rawHeaders) : name
  return integration !== undefined && names.has(integration)
    ? { integration, by: 'name' }
    : undefined
}
