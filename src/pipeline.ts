import { addressLimit } from './admit/address-limit.ts'
import { adminTokenOrigin } from './admit/admin-token-origin.ts'
import { auditTrail } from './admit/audit-trail.ts'
import { claimedIntegration, type IntegrationDirectory } from './admit/claimed-integration.ts'
import { type ClientCertificateFacts, clientCertificate } from './admit/client-certificate.ts'
import { clientIp } from './admit/client-ip.ts'
import { correlation } from './admit/correlation.ts'
import { ipAllowlist } from './admit/ip-allowlist.ts'
import { requestFraming } from './admit/request-framing.ts'
import { requestTarget } from './admit/request-target.ts'
import { type HttpsFacts, requireHttps } from './admit/require-https.ts'
import { clientCertificatePin } from './authenticate/client-certificate-pin.ts'
import { credential } from './authenticate/credential.ts'
import { replayGuard } from './authenticate/replay-guard.ts'
import { signature } from './authenticate/signature.ts'
import { auditDetails } from './authorize/audit-details.ts'
import { composedEndpoint } from './authorize/composed-endpoint.ts'
import { deferredWrite } from './authorize/deferred-write.ts'
import { deprecation } from './authorize/deprecation.ts'
import { idempotency } from './authorize/idempotency.ts'
import { jsonBody } from './authorize/json-body.ts'
import { knownAttacks } from './authorize/known-attacks.ts'
import { magentoSchema } from './authorize/magento-schema.ts'
import { rateLimit } from './authorize/rate-limit.ts'
import { repeatGuard } from './authorize/repeat-guard.ts'
import { requestSchema } from './authorize/request-schema.ts'
import { responseCache } from './authorize/response-cache.ts'
import { routeGrant } from './authorize/route-grant.ts'
import { searchCriteria } from './authorize/search-criteria.ts'
import { sensitiveRoutes } from './authorize/sensitive-routes.ts'
import type { RateLimit, Step } from './policy.ts'

/** What the steps need to know of the gateway's configuration. */
export interface StepFacts extends IntegrationDirectory, ClientCertificateFacts, HttpsFacts {
  readonly stores: ReadonlySet<string>
  readonly trustedProxies: readonly string[]
  readonly perAddress: RateLimit
}

/**
 * Every request passes these, in this order, whoever sent it. They are the first part of the stage admit. Most rely on
 * what client-ip says of the caller's address, and of whether a trusted proxy speaks for it.
 */
export const steps: readonly Step<StepFacts>[] = [
  clientIp,
  correlation,
  addressLimit,
  requestTarget,
  requestFraming,
  requireHttps,
  auditTrail,
  clientCertificate,
  claimedIntegration,
]

/** After the steps come the policies of the claimed integration, in this order. */
export const policies = [
  // admit
  ipAllowlist,
  adminTokenOrigin,
  // authenticate
  credential,
  clientCertificatePin,
  signature,
  // Last, so that nobody uses up a nonce without the secret.
  replayGuard,
  // authorize
  // First, so that it also charges for what is refused below.
  rateLimit,
  // Finds the route, by which all below find their settings.
  routeGrant,
  auditDetails,
  deprecation,
  // Parses the body for all below.
  jsonBody,
  // Plans the call of an endpoint, at which those below look as well.
  composedEndpoint,
  knownAttacks,
  sensitiveRoutes,
  searchCriteria,
  // Before the schema, since the body of a job may be Magento's bulk.
  deferredWrite,
  magentoSchema,
  requestSchema,
  // After what refuses a request for itself, so that its key is taken only if it can be carried out.
  idempotency,
  // After that, since a repeat that is answered by its key repeats nothing.
  repeatGuard,
  responseCache,
] as const
