import { hopByHopNames } from './hop-by-hop.ts'

/*
 * Cookies, because the gateway never sends one back to Magento; the request id, because it sets its own; and how a host
 * is to be reached, which callers would take for that of the gateway: over TLS, which is for its operator to say (RFC
 * 6797, sections 7.1 and 7.2), or at another port or by HTTP/3 (RFC 7838, section 3). Orders to the web server that is next
 * to Magento, since one in front of the gateway would obey them too, such as by sending a file of its own (nginx:
 * proxy_ignore_headers; Apache: mod_xsendfile).
 */
const notPassedOn = new Set([
  'alt-svc',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'x-accel-buffering',
  'x-accel-charset',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-redirect',
  'x-request-id',
  'x-sendfile',
])

/**
 * The header section of Magento's answer as the caller gets it: end-to-end fields unchanged and in
 * their order, `Location` and `Content-Location` without Magento's internal origin.
 * @param raw names and values in turn
 * @param status of the answer
 * @param internalOrigin scheme, host and port at which the gateway reaches Magento
 */
export function responseHeaders(
  raw: readonly string[],
  status: number,
  internalOrigin: string,
): string[] {
  const ended = hopByHopNames(raw)
  const headers: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    const key = name.toLowerCase()
    if (ended.has(key) || notPassedOn.has(key)) continue
    // RFC 9110, section 8.6.
    if (status === 204 && key === 'content-length') continue
    const isLocation = key === 'location' || key === 'content-location'
    headers.push(name, isLocation ? withoutOrigin(value, internalOrigin) : value)
  }
  return headers
}

/*
 * A reference without an authority does not name the origin, and may be relative to the path of the request. To clients
 * that follow the URL Standard, a backslash is a slash.
 */
const withAuthority = /^(?:https?:)?[\\/]{2}/i

function withoutOrigin(location: string, origin: string): string {
  if (!withAuthority.test(location)) return location
  const url = URL.parse(location, origin)
  if (url === null || url.origin !== origin) return location
  // With two slashes at its beginning, a path would be taken for another origin.
  const path = url.pathname.startsWith('//') ? `/.${url.pathname}` : url.pathname
  return `${path}${url.search}${url.hash}`
}
