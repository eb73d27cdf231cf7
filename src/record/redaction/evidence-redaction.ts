import { hash } from 'node:crypto'
import { redacted } from '../../contract/secret.ts'
import type { RequestContext } from '../../request-context.ts'
import { redactPath } from './path-redaction.ts'
import { redactRawQuery } from './query-redaction.ts'
import { maxParameters, showParts } from './shown-parts.ts'

/** What the audit shows of a signature that does not verify. */
export interface RecordedSignature {
  readonly scheme: string
  /** The string that should have been signed, redacted; absent if that is the body. */
  readonly computed?: string
  /** {@link presentedDigest} of the signature. */
  readonly presented: string
}

/*
 * A signature in hex or base64, even if the client used a different hash or encoding than it should have. Anything
 * shorter could be guessed from its digest.
 */
const signatureForm = /^(?:sha256=)?[A-Za-z0-9+/_-]{26,128}={0,2}$/

/** The hex SHA-256 of a signature (in lower case if it is hex): enough to recognise it, without revealing it. */
export function presentedDigest(signature: string): string {
  return hash('sha256', /^[0-9a-f]+$/i.test(signature) ? signature.toLowerCase() : signature)
}

/**
 * The evidence of a signature that does not verify, as the audit shows it. Apart from the time and nonce of the
 * signature, it contains only what the record shows anyway.
 * @returns undefined if what the caller presented does not look like a signature
 */
export function recordedSignature(request: RequestContext): RecordedSignature | undefined {
  const { signatureEvidence: evidence } = request
  if (evidence === undefined || !signatureForm.test(evidence.signature)) return undefined
  const { scheme, computed } = evidence
  const presented = presentedDigest(evidence.signature)
  const redact = redactions.get(scheme)
  if (computed === undefined || redact === undefined) return { scheme, presented }
  return { scheme, computed: redact(computed, request), presented }
}

const redactions: ReadonlyMap<string, (computed: string, request: RequestContext) => string> =
  new Map([
    ['canonical', redactCanonical],
    ['rfc9421', redactMessage],
    ['oauth1', redactOauth1],
  ])

/** Redacts path and query. The form of the other lines has been checked before the string was made. */
function redactCanonical(computed: string, request: RequestContext): string {
  const lines = computed.split('\n')
  lines[4] = redactPath(request) ?? ''
  lines[5] = redactRawQuery(request.target.query ?? '')
  return lines.join('\n')
}

const plainName = /^"@?[a-z]{1,20}(?:-[a-z]{1,20}){0,3}": /

/** Shows method, authority, path and query, but of other covered fields only the names, and of parameters the times. */
function redactMessage(computed: string, request: RequestContext): string {
  return computed
    .split('\n')
    .map((line) => {
      const name = plainName.exec(line)?.[0] ?? `${redacted}: `
      if (name === '"@method": ' || name === '"@authority": ') return line
      if (name === '"@path": ') return name + redactPath(request)
      if (name === '"@query": ') return `${name}?${redactRawQuery(request.target.query ?? '')}`
      const times =
        name === '"@signature-params": ' ? line.match(/;(?:created|expires)=\d+/g) : null
      return `${name}${redacted}${times?.join('') ?? ''}`
    })
    .join('\n')
}

const shownParameters = /^oauth_(?:nonce|timestamp|signature_method|version)%3D/

/** Redacts the path of the URL, and all parameters but a few harmless ones: the others are the query's or name a key. */
function redactOauth1(computed: string, request: RequestContext): string {
  const [method = '', url = '', parameters = ''] = computed.split('&')
  const origin = /^https?%3A%2F%2F[^%]*(?:%3A\d+)?/.exec(url)?.[0] ?? ''
  const path = encodeURIComponent(redactPath(request) ?? '').replaceAll('%5Bredacted%5D', redacted)
  const shown = showParts(parameters.split('%26'), maxParameters, (pair) => {
    if (shownParameters.test(pair)) return pair
    return /^oauth_[a-z_]+%3D/.test(pair) ? pair.replace(/%3D.*$/, `%3D${redacted}`) : redacted
  })
  return [method, origin + path, shown.join('%26')].join('&')
}
