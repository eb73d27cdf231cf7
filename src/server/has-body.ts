import type { IncomingHttpHeaders } from 'node:http'

/** Whether a request has a body, which is for one of these two fields to say (RFC 9112, section 6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length']
  return (
    headers['transfer-encoding'] !== undefined || (length !== undefined && !/^0+$/.test(length))
  )
}
