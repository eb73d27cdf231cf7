import { verifierOf } from '../../authenticate/signature.ts'
import { publicOrigin } from '../../config/public-origin.ts'
import type { Config } from '../../config.ts'
import { tokenDigest } from '../../contract/token-digest.ts'
import type { RequestContext } from '../../request-context.ts'
import { readCurlLine } from './curl-line.ts'
import { requestOfCurl } from './curl-request.ts'
import { explainHmac } from './explain-hmac.ts'
import { explainMessageSignature } from './explain-message-signature.ts'
import { explainOauth1 } from './explain-oauth1.ts'
import { type Explanation, finding, type SignatureFindings } from './explanation.ts'
import { hmacRequestOf } from './hmac-request.ts'
import { type IntegrationToExplain, integrationToExplain } from './integration-to-explain.ts'
import type { SchemeCase } from './scheme-case.ts'
import { expansion } from './shell-words.ts'
import { Unreadable } from './unreadable.ts'

/** The input for explaining a curl command. */
export interface CurlCase extends Pick<SchemeCase, 'atMs' | 'clientString'> {
  readonly integration: string
  readonly line: string
}

/**
 * Explains the signature of the request that a curl command sends.
 * @throws {Unreadable} when the command or the integration cannot be explained
 */
export function explainCurl(config: Config, curlCase: CurlCase): Explanation {
  const { line, atMs, clientString } = curlCase
  const integration = integrationToExplain(config, curlCase.integration)
  const { name, settings } = integration
  const curl = readCurlLine(line)
  const { listen, magento } = config.gateway
  const request = requestOfCurl(curl, magento.stores)
  const title = `${name}, scheme ${settings.scheme}: ${curl.method}`
  if ('code' in request) {
    const refusal = finding('result', `refused as ${request.code}: ${request.reason}`)
    return { isVerified: false, lines: [title, refusal], unshown: [] }
  }
  if (settings.scheme === 'oauth1' && request.header('authorization')?.includes(expansion)) {
    throw new Unreadable('the header Authorization is a shell expression: give its value')
  }
  const origin = publicOrigin(listen)
  const verified = verifierOf(settings, origin)(request, atMs)
  const reason = 'reason' in verified ? verified.reason : undefined
  const result = 'reason' in verified ? `refused: ${reason}` : `verifies, by ${verified.keyId}`
  const { lines, unshown } = findingsOf(integration, {
    request,
    reason,
    atMs,
    clientString,
    origin,
    magentoUrl: magento.publicUrl ?? magento.url,
  })
  return {
    isVerified: reason === undefined,
    lines: [
      title,
      finding('result', result),
      '',
      ...lines,
      ...identityFindings(request, integration),
    ],
    unshown: [...unshown, ...(request.header('authorization')?.split(' ').slice(1) ?? [])],
  }
}

function findingsOf(integration: IntegrationToExplain, schemeCase: SchemeCase): SignatureFindings {
  const { settings } = integration
  if (settings.scheme === 'rfc9421') return explainMessageSignature(settings, schemeCase)
  if (settings.scheme === 'oauth1') return explainOauth1(settings, schemeCase)
  const request = hmacRequestOf(schemeCase.request)
  return explainHmac({ ...integration, ...settings, ...schemeCase, request, missing: [] })
}

/** Checks, independently of the signature, whether the request names the right integration. */
function identityFindings(
  request: RequestContext,
  { name, token }: IntegrationToExplain,
): string[] {
  const findings: string[] = []
  const claimed = request.header('x-integration-id')
  if (claimed !== undefined && claimed !== name) {
    findings.push(finding('also', 'X-Integration-Id names another integration'))
  }
  const [scheme, presented] = request.header('authorization')?.split(' ') ?? []
  if (token === undefined || presented?.includes(expansion)) return findings
  if (!/^bearer$/i.test(scheme ?? '') || presented === undefined) {
    findings.push(finding('also', 'it presents no token, which this integration needs'))
  } else if (tokenDigest(presented) !== tokenDigest(token)) {
    findings.push(finding('also', 'its token is not the one of this integration'))
  }
  return findings
}
