import { allow, type Step, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { isFieldSpace, isTransferCoded } from '../syntax/headers.ts'
import { certificateHeaders } from './client-certificate.ts'

/** The methods of Magento REST (Magento: Framework/Webapi/Rest/RequestMethodValidator.php). */
export const allowedMethods = ['GET', 'POST', 'PUT', 'DELETE'] as const

/*
 * Headers that decide something and may therefore occur only once: of two values, one server might use the first and
 * another the second.
 */
const singletons = new Set([
  ...certificateHeaders.map((name) => name.toLowerCase()),
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'traceparent',
  'transfer-encoding',
  'x-forwarded-proto',
  'x-integration-id',
  'x-nonce',
  'x-request-id',
  'x-signature',
  'x-timestamp',
])

function findRepeated(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    if (!singletons.has(name)) continue
    if (seen.includes(name)) return name
    seen.push(name)
  }
  return undefined
}

/** Whether white space surrounds a value. Over HTTP/1.1 it is no part of the value; over HTTP/2 it can come this far. */
function hasSurroundedValue(rawHeaders: readonly string[]): boolean {
  for (let index = 1; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index] as string
    if (isFieldSpace(value.charCodeAt(0)) || isFieldSpace(value.charCodeAt(value.length - 1)))
      return true
  }
  return false
}

// RFC 9110, section 7.2, and RFC 3986, section 3.2.2, without address formats of the future.
const hostForm =
  /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?$/

/** Refuses requests whose method, header section or framing could be understood in two ways. */
export const requestFraming: Step<unknown> = {
  name: 'request-framing',
  prepare: () => checkRequestFraming,
}

/** What that step says of a request. */
export function checkRequestFraming(request: RequestContext): Verdict {
  if (!(allowedMethods as readonly string[]).includes(request.method)) {
    return reject('method-not-allowed', 'method is not one of Magento REST')
  }
  const repeated = findRepeated(request.rawHeaders)
  if (repeated !== undefined) {
    return badRequest(`The header ${repeated} occurs more than once.`)
  }
  // RFC 9113, section 8.2.1: such a request is malformed.
  if (hasSurroundedValue(request.rawHeaders)) {
    return badRequest('The value of a header begins or ends with white space.')
  }
  // RFC 9112, section 3.2: a request without Host, or with an invalid one, is answered 400.
  const host = request.header('host')
  if (!host) return badRequest('The header Host is missing.')
  if (!hostForm.test(host)) return badRequest('The header Host is not a valid one.')
  // RFC 9110, section 9.3.1: content of a GET has no defined meaning, and Magento ignores it.
  if (request.method === 'GET' && request.hasBody) return badRequest('A GET may carry no body.')
  // RFC 9112, section 6.1. Node's parser accepts any list that ends in chunked, and decodes only that.
  if (request.hasBody && isTransferCoded(request.header('transfer-encoding'))) {
    return badRequest('The only transfer coding that is taken is chunked.')
  }
  const expectation = request.header('expect')
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') {
    return reject('expectation-failed', 'unknown expectation')
  }
  return allow
}

function badRequest(detail: string) {
  return reject('bad-request', detail, { detail })
}
