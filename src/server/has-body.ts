import type { IncomingHttpHeaders } from 'node:http'

/** RFC 9112, section 6.3: a request has a body when one of these two fields says so. */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length']
  return (
    headers['transfer-encoding'] !== undefined || (length !== undefined && !/^0+$/.test(length))
  )
}
