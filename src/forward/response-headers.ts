import { hopByHopNames } from './hop-by-hop.ts'

/* Cookies, because the gateway never sends one back to Magento, and the request id, because it sets its own. */
const notPassedOn = new Set(['set-cookie', 'set-cookie2', 'x-request-id'])

/**
 * The header section of Magento's answer as the caller gets it: end-to-end fields unchanged and in
 * their order, `Location` and `Content-Location` without Magento's internal origin.
 * @param raw names and values in turn
 * @param internalOrigin scheme, host and port at which the gateway reaches Magento
 */
export function responseHeaders(raw: readonly string[], internalOrigin: string): string[] {
  const ended = hopByHopNames(raw)
  const headers: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const value = raw[index + 1] as string
    const key = name.toLowerCase()
    if (ended.has(key) || notPassedOn.has(key)) continue
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
