import type { Config } from '../../config.ts'
import { redacted } from '../../contract/secret.ts'
import type { AuditRecord } from '../../record/audit-record.ts'
import { explainHmac } from './explain-hmac.ts'
import { type Explanation, finding } from './explanation.ts'
import type { HmacRequest } from './hmac-request.ts'
import { integrationToExplain } from './integration-to-explain.ts'
import { baseLines, showLines } from './line-comparison.ts'
import { type Additions, recordedRequest } from './recorded-request.ts'
import type { SchemeCase } from './scheme-case.ts'
import { Unreadable } from './unreadable.ts'

/** The input for explaining a record. */
export interface RecordCase extends Additions, Pick<SchemeCase, 'clientString'> {
  readonly integration: string
  readonly record: AuditRecord
}

/**
 * Explains the signature of a request from its audit record.
 * @throws {Unreadable} when the record is that of another integration, or the additions do not fit it
 */
export function explainRecord(config: Config, recordCase: RecordCase): Explanation {
  const { record, clientString } = recordCase
  const integration = integrationToExplain(config, recordCase.integration)
  const { name, settings } = integration
  if (record.claimed !== undefined && record.claimed !== name) {
    throw new Unreadable(`the request was of the integration ${record.claimed}`)
  }
  const isVerified = record.integration !== undefined
  const head = [
    `${name}, scheme ${settings.scheme}: ${record.method}, ${record.time}`,
    finding('result', resultOf(record)),
  ]
  const { signature } = record
  if (signature?.scheme !== settings.scheme) {
    const lines = record.policy === 'signature' ? [...head, ...noMore] : head
    return { isVerified, lines, unshown: [] }
  }
  if (settings.scheme === 'rfc9421' || settings.scheme === 'oauth1') {
    const shown = showLines(baseLines(settings.scheme, signature.computed ?? ''), (line) => line)
    return { isVerified, lines: [...head, '', ...shown, '', ...noMore], unshown: [] }
  }
  const request = recordedRequest(record, recordCase, config.gateway.magento.stores)
  const explanation = explainHmac({
    ...integration,
    ...settings,
    request,
    reason: record.reason,
    atMs: Date.parse(record.time),
    clientString,
    missing: missingParts(request),
  })
  return { ...explanation, isVerified, lines: [...head, '', ...explanation.lines] }
}

const noMore = [
  finding('cause', 'the record does not hold all that was signed: explain the request as a curl'),
  finding('', 'command of the client'),
]

function resultOf({ integration, keyId, policy, reason }: AuditRecord): string {
  if (integration !== undefined) return `verified${keyId === undefined ? '' : `, by ${keyId}`}`
  return policy === 'signature' ? `refused: ${reason}` : `refused by ${policy}: ${reason}`
}

function missingParts({ path, query, body }: HmacRequest): string[] {
  const missing = []
  if (`${path}${query}`.includes(redacted)) missing.push('path and query by --target')
  if (body === undefined) missing.push('the body by --body-file')
  return missing
}
