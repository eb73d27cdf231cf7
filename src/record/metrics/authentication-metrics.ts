import type { Registry } from 'prom-client'
import type { RequestContext } from '../../request-context.ts'
import type { AuditRecord } from '../audit-record.ts'
import { eventCounter } from './tally.ts'

/** By policy, the kind of credential that it looks at. */
const kinds: Readonly<Record<string, string>> = {
  credential: 'token',
  'client-certificate-pin': 'certificate',
  signature: 'signature',
  'replay-guard': 'replay',
  'repeat-guard': 'replay',
}

/**
 * Counts requests whose caller was not authenticated, by what was wrong. The claimed integration is not a label, since
 * anybody can claim to be any of them.
 */
export function authenticationMetrics(
  registry: Registry,
): (record: AuditRecord, request: RequestContext) => void {
  const countFailure = eventCounter(registry, {
    name: 'magegate_authentication_failures_total',
    help: 'Requests refused with 401 or for their address, by kind: nobody, address, token, certificate, signature, replay.',
    labelNames: ['kind'],
  })
  return (record, request) => {
    if (record.code === 'unauthenticated' || record.code === 'address-not-allowed') {
      countFailure(kindOf(record, request))
    }
  }
}

function kindOf({ code, policy = '' }: AuditRecord, request: RequestContext): string {
  if (code === 'address-not-allowed' || request.claimFault !== undefined) return 'address'
  if (request.claimed?.integration === undefined) return 'nobody'
  return kinds[policy] ?? 'other'
}
