import { certificateHeaders } from '../admit/client-certificate.ts'
import type { PublicOrigin } from '../contract/public-origin.ts'
import type { RequestContext } from '../request-context.ts'
import { hopByHopNames } from './hop-by-hop.ts'
import type { UpstreamAttempt } from './upstream-credentials.ts'

/*
 * Fields of the caller that Magento never gets: those that the gateway sets itself; those that authenticate
 * the caller to the gateway; those that some server might take for a path, a method, an address (proxies and
 * CDNs each have their own name for it) or a proxy to use (CVE-2016-5385); and cookies, which would open a
 * session (Magento: Webapi/Model/Plugin/Authorization).
 */
const notForwarded = new Set([
  ...certificateHeaders.map((name) => name.toLowerCase()),
  'ali-cdn-real-ip',
  'authorization',
  'cdn-src-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-pseudo-ipv4',
  'client-cert-chain',
  'client-ip',
  'cloudfront-viewer-address',
  'content-length',
  'cookie',
  'cookie2',
  'expect',
  'fastly-client-ip',
  'fly-client-ip',
  'host',
  'incap-client-ip',
  'proxy',
  'proxy-client-ip',
  'remote-addr',
  'signature',
  'signature-input',
  'traceparent',
  'true-client-ip',
  'via',
  'wl-proxy-client-ip',
  'x-appengine-user-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-http-method',
  'x-http-method-override',
  'x-integration-id',
  'x-method-override',
  'x-nonce',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-originating-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-request-id',
  'x-requested-with',
  'x-rewrite-url',
  'x-signature',
  'x-sucuri-clientip',
  'x-timestamp',
])

/*
 * The names by which proxies tell where a request came from; and any that could replace a checked one: PHP takes X_Foo and
 * X.Foo for X-Foo (PHP: main/php_variables.c), and lighttpd gives it an underscore for every character but these.
 */
const misleadingName = /forwarded|[^a-z0-9-]/

function isForwarded(name: string): boolean {
  return !notForwarded.has(name) && !misleadingName.test(name)
}

function isValidator(name: string): boolean {
  return name === 'if-none-match' || name === 'if-modified-since'
}

/** What the header section is made of. Two are absent where {@link keptHeaders} has dealt with them. */
export interface HeaderSources
  extends Pick<RequestContext, 'clientIp' | 'requestId' | 'traceId' | 'traceFlags'> {
  readonly rawHeaders: readonly string[]
  readonly continuesTrace?: boolean
  readonly needsPlainAnswer?: boolean
  /** Takes the answer into the cache; absent where it is not cached. */
  readonly fill?: RequestContext['fill']
}

/**
 * The part of a header section that a job keeps to be forwarded later: end-to-end fields, and nothing that
 * authenticates.
 * @returns names and values in turn
 */
export function keptHeaders({ rawHeaders, continuesTrace }: RequestContext): string[] {
  const ended = hopByHopNames(rawHeaders)
  const kept: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    // `Prefer` has been heeded: the request became a job.
    if (ended.has(name) || !isForwarded(name) || name === 'prefer') continue
    if (name === 'tracestate' && !continuesTrace) continue
    // The gateway itself reads the answer, so it must not come compressed.
    if (name === 'accept-encoding') continue
    kept.push(name, rawHeaders[index + 1] as string)
  }
  return kept
}

/**
 * The header section of the forwarded request: the caller's end-to-end fields in their order, then
 * ours.
 * @returns names and values in turn
 */
export function requestHeaders(
  request: HeaderSources,
  { scheme, authority }: PublicOrigin,
  { authorization, after }: Pick<UpstreamAttempt, 'authorization' | 'after'>,
  spanId: string,
): string[] {
  const { rawHeaders, fill } = request
  const ended = hopByHopNames(rawHeaders)
  // The gateway may have to read a 401.
  const isPlainWanted = after !== undefined || request.needsPlainAnswer === true
  const headers = ['host', authority]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    if (ended.has(name) || !isForwarded(name)) continue
    // The cache needs the whole answer, whatever the caller has already.
    if (fill !== undefined && isValidator(name)) continue
    if (name === 'accept-encoding' && isPlainWanted) continue
    // It must not be passed on where the trace begins here (W3C Trace Context, section 4.3).
    if (name === 'tracestate' && request.continuesTrace === false) continue
    // Magento answers in XML to any caller that also accepts that, as browsers do, and to `text/*` (Magento:
    // Framework/Webapi/Rest/Response/RendererFactory.php).
    if (name === 'accept' && /xml|text\/\*/i.test(rawHeaders[index + 1] as string)) {
      headers.push('accept', 'application/json')
      continue
    }
    headers.push(name, rawHeaders[index + 1] as string)
  }
  if (fill !== undefined) headers.push(...fill.validators)
  if (authorization !== undefined) headers.push('authorization', authorization)
  const { clientIp = '', requestId, traceId, traceFlags } = request
  headers.push('x-forwarded-for', clientIp, 'x-forwarded-proto', scheme)
  headers.push('x-request-id', requestId)
  headers.push('traceparent', `00-${traceId}-${spanId}-${traceFlags}`)
  return headers
}
