import { type Caller, guest } from './caller.ts'
import type { AdminCredentials, IntegrationCredentials, OauthDialect } from './credentials.ts'
import { headerOf } from './input.ts'
import type { Nonces } from './oauth/nonces.ts'
import { verifyOauth } from './oauth/oauth-verification.ts'
import type { ReceivedRequest } from './received-log.ts'
import { readToken } from './sign-in/user-token.ts'

/** What callers are known by. */
export interface CallerSources {
  readonly integrations: readonly IntegrationCredentials[]
  readonly admins: readonly AdminCredentials[]
  readonly enableIntegrationAsBearer: boolean
  readonly dialect: OauthDialect
  readonly nonces: Nonces
}

/**
 * Who sends a request: a bearer token first, then an OAuth signature. An unknown or ended bearer
 * token is no error: its sender is a guest (Magento: Webapi/Model/Authorization/TokenUserContext.php).
 * @throws {MagentoError} when an OAuth signature does not fit
 */
export function resolveCaller(request: ReceivedRequest, sources: CallerSources): Caller {
  const authorization = headerOf(request, 'authorization') ?? ''
  const [scheme = '', token, ...rest] = authorization.split(' ')
  if (scheme.toLowerCase() === 'bearer') {
    return token === undefined || rest.length > 0 ? guest : bearerOf(token, sources)
  }
  // It speaks no TLS itself.
  const isHttps = headerOf(request, 'x-forwarded-proto') === 'https'
  const integration = verifyOauth(
    {
      method: request.method,
      url: `${isHttps ? 'https' : 'http'}://${headerOf(request, 'host')}${request.rawTarget}`,
      authorization,
      contentType: headerOf(request, 'content-type') ?? '',
      body: request.body.toString(),
    },
    sources,
  )
  return integration === undefined ? guest : { kind: 'integration', name: integration.name }
}

function bearerOf(token: string, sources: CallerSources): Caller {
  const { integrations, admins, enableIntegrationAsBearer } = sources
  const claims = readToken(token)
  const admin = claims && admins[claims.uid - 1]
  if (admin !== undefined) return { kind: 'admin', name: admin.username }
  const integration = integrations.find((each) => each.accessToken === token)
  return integration !== undefined && enableIntegrationAsBearer
    ? { kind: 'integration', name: integration.name }
    : guest
}
