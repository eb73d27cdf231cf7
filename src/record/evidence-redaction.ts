import type { RequestContext, SignatureEvidence } from '../request-context.ts'
import { redactPath } from './path-redaction.ts'
import { redactRawQuery } from './query-redaction.ts'

/**
 * The evidence of a signature that does not verify, as the audit shows it: of the string that should
 * have been signed, path and query are redacted as those of the record are; the other parts are held
 * to their form before there is a string.
 */
export function redactEvidence(request: RequestContext): SignatureEvidence | undefined {
  const evidence = request.signatureEvidence
  if (evidence?.computed === undefined) return evidence
  return { ...evidence, computed: redactCanonical(evidence.computed, request) }
}

function redactCanonical(computed: string, request: RequestContext): string {
  const lines = computed.split('\n')
  lines[4] = redactPath(request) ?? ''
  lines[5] = redactRawQuery(request.target?.query ?? '')
  return lines.join('\n')
}
