import { hash } from 'node:crypto'
import { parseRequestTarget } from '../../admit/request-target.ts'
import { redacted } from '../../contract/secret.ts'
import type { AuditRecord } from '../../record/audit-record.ts'
import type { HmacRequest } from './hmac-request.ts'
import { Unreadable } from './unreadable.ts'

/** Parts of a request that the audit does not contain, as far as the operator got them from the client. */
export interface Additions {
  /** Path and query as the client sends them. */
  readonly target: string | undefined
  /** The body as the client sends it. */
  readonly body: Buffer | undefined
}

/**
 * The parts of a request that the schemes `body` and `canonical` use, taken from its record.
 * @param stores the store codes that may occur in a path
 * @throws {Unreadable} when the additions do not belong to this request
 */
export function recordedRequest(
  record: AuditRecord,
  { target, body }: Additions,
  stores: readonly string[],
): HmacRequest {
  // Scheme body signs none of these lines.
  const lines = record.signature?.computed?.split('\n')
  const [, timestamp = '', nonce = '', , path = '', query = ''] = lines ?? []
  const sent =
    target === undefined || lines === undefined ? { path, query } : addedTarget(target, stores)
  if (!fits(path, sent.path) || !fits(query, sent.query)) {
    throw new Unreadable('--target is not the path and query of the record')
  }
  const bodySha256 = record.bodySha256 ?? hash('sha256', '')
  const isAsArrived = body !== undefined && hash('sha256', body) === bodySha256
  return {
    method: record.method,
    path: sent.path,
    query: sent.query,
    isTargetGiven: sent.path !== path || sent.query !== query,
    timestamp,
    nonce,
    body: isAsArrived || record.bytesIn === 0 ? (body ?? Buffer.alloc(0)) : undefined,
    bodySha256,
    sentBody: isAsArrived ? undefined : body,
    presented: record.signature?.presented,
  }
}

function addedTarget(target: string, stores: readonly string[]) {
  const parsed = parseRequestTarget(target, new Set(stores))
  if ('fault' in parsed) throw new Unreadable(`--target: ${parsed.fault}`)
  return { path: parsed.path, query: parsed.query ?? '' }
}

/** Whether a whole text fits the redacted form of it that the record shows. */
function fits(shown: string, whole: string): boolean {
  const parts = shown.split(redacted).map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('[^]*')}$`).test(whole)
}
