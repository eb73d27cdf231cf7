import { isObject } from '../syntax/is-object.ts'
import { parseJson } from '../syntax/parse-json.ts'
import { restPrefix } from '../syntax/rest-prefix.ts'
import type { JobItemResult } from './job.ts'
import type { JobRequest } from './job-payload.ts'

/*
 * Magento's own queue (Magento: AsynchronousOperations, WebapiAsync). Its summary of a bulk can say that the bulk has
 * failed while operations are still open (magento2#36911), so the state is derived from the operations themselves.
 * Its answers also repeat what was sent, passwords included; nothing of that is ever kept.
 */

/** Magento's numbers for the state of an operation. */
const complete = 1
const open = 4
const rejected = 5

/** Magento's answer when it has accepted a bulk. */
export interface TakenBulk {
  readonly bulkUuid: string
  readonly total: number
  /**
   * What it did not take of it; there is no operation for these (Magento: AsynchronousOperations/Model/
   * MassSchedule.php, publishMass).
   */
  readonly refused: readonly JobItemResult[]
}

/** How far Magento is with a bulk. */
export interface BulkProgress {
  readonly total: number
  readonly open: number
  /** The results of the operations that are no longer open. */
  readonly results: readonly JobItemResult[]
}

/** The path at which Magento accepts a request now and carries it out later. */
export function asyncPath({ store, segments, body, job }: JobRequest): string {
  const prefix = restPrefix(store)
  if (segments[0] === 'async') return `${prefix}/${segments.join('/')}`
  // An array is one operation for each of its elements. White space of JSON may stand before it.
  const isArray = body.find((byte) => byte > 0x20) === 0x5b
  // To a bulk, the value `bySku` of `:sku` would be the word for a variable, which then each element gives anew.
  const hasVariables = job.route.includes(':')
  const form = isArray && !hasVariables ? 'async/bulk' : 'async'
  return `${prefix}/${form}/${segments.join('/')}`
}

/** The path that shows the operations of a bulk. */
export function bulkStatusPath({ store }: JobRequest, bulkUuid: string): string {
  return `${restPrefix(store)}/V1/bulk/${encodeURIComponent(bulkUuid)}/detailed-status`
}

/** Asks only for what is read of the operations. What was sent and answered would make it many times as long. */
export const bulkStatusQuery = 'fields=operations_list%5Bid%2Cstatus%2Cresult_message%5D'

/** Reads Magento's answer when it has accepted a bulk; undefined for any other answer. */
export function readTakenBulk(body: Buffer): TakenBulk | undefined {
  const { bulk_uuid: bulkUuid, request_items: items } = parsed(body)
  if (typeof bulkUuid !== 'string' || !isListOfObjects(items)) return undefined
  const refused = items.flatMap(({ id, status, error_message: message }): JobItemResult[] =>
    status === 'rejected' ? [itemResult(id, false, message, true)] : [],
  )
  return { bulkUuid, total: items.length, refused }
}

/** Reads how far Magento is with a bulk; undefined for any other answer. */
export function readOperations(body: Buffer): BulkProgress | undefined {
  const { operations_list: operations } = parsed(body)
  if (!isListOfObjects(operations)) return undefined
  const over = operations.filter(({ status }) => Number(status) !== open)
  return {
    total: operations.length,
    open: operations.length - over.length,
    results: over.map(({ id, status, result_message: message }) =>
      itemResult(id, Number(status) === complete, message, Number(status) === rejected),
    ),
  }
}

/** @param id position of the item in the array that was sent */
function itemResult(
  id: unknown,
  success: boolean,
  message: unknown,
  isRejected: boolean,
): JobItemResult {
  return {
    success,
    item: Number(id),
    ...(isRejected && { isRejected }),
    ...(typeof message === 'string' && { message }),
  }
}

/**
 * How far Magento is with all items of a bulk, in the order in which they were sent. Some versions of Magento save an
 * operation only once it has been processed, so what is not listed is open (Magento: AsynchronousOperations/Model/
 * BulkStatus.php, getOperationsCountByBulkIdAndStatus).
 * @param refused what it had not taken
 * @param sent how many items were sent, if that is known
 */
export function ofAllItems(
  { total, open, results }: BulkProgress,
  refused: readonly JobItemResult[],
  sent = 0,
): BulkProgress {
  const listed = total + refused.length
  return {
    total: Math.max(sent, listed),
    open: open + Math.max(sent - listed, 0),
    results: [...refused, ...results].toSorted(
      (one, other) => Number(one.item) - Number(other.item),
    ),
  }
}

function isListOfObjects(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.every((each) => each instanceof Object)
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  const value = parseJson(body.toString())
  return isObject(value) ? value : {}
}
