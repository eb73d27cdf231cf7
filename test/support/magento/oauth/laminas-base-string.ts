import { compareNaturally } from '../php/natural-order.ts'
import { rawUrlDecode, rawUrlEncode } from '../php/url-decoding.ts'

/**
 * The string that Magento 2.4.6 and 2.4.7 sign (Laminas\OAuth\Signature\AbstractSignature): the URL
 * is normalised, escapes of reserved characters in its path are undone, and parameters are in natural
 * order, so that `[10]` comes after `[9]`. RFC 5849, section 3.4.1, says none of that.
 */
export function laminasBaseString(
  method: string,
  url: string,
  parameters: ReadonlyMap<string, string>,
): string {
  return joinNaturally(method, normaliseUrl(url, normalisePath), parameters)
}

/**
 * The string that Magento 2.4.4 and 2.4.5 sign (Zend_Oauth_Signature_SignatureAbstract): as above, but the path is left
 * as it came (Zend_Uri_Http::getUri).
 */
export function zendBaseString(
  method: string,
  url: string,
  parameters: ReadonlyMap<string, string>,
): string {
  return joinNaturally(method, normaliseUrl(url, String), parameters)
}

function joinNaturally(method: string, url: string, parameters: ReadonlyMap<string, string>) {
  const encoded = [...parameters]
    .filter(([name]) => name !== 'oauth_signature')
    .map(([name, value]) => [rawUrlEncode(name), rawUrlEncode(value)] as const)
    .sort(([left], [right]) => compareNaturally(left, right))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  return [method.toUpperCase(), url, encoded].map(rawUrlEncode).join('&')
}

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' }

/** Source: Laminas\Uri\Uri::normalize. */
function normaliseUrl(url: string, pathOf: (path: string) => string): string {
  const parts = /^(https?):\/\/([^/?#:]*)(?::(\d*))?([^?#]*)/i.exec(url)
  const scheme = (parts?.[1] ?? '').toLowerCase()
  const host = (parts?.[2] ?? '').toLowerCase()
  const port = parts?.[3] ?? ''
  const suffix = port === '' || port === defaultPorts[scheme] ? '' : `:${port}`
  return `${scheme}://${host}${suffix}${pathOf(parts?.[4] ?? '')}`
}

const unescapedInPath = /^[A-Za-z0-9_\-.~:@&=+$,/;%]$/
const escapedInPath = /[^A-Za-z0-9_\-.~:@&=+$,/;%]+|%(?![A-Fa-f0-9]{2})/gu

function normalisePath(path: string): string {
  return removeDotSegments(path)
    .replace(/%[A-Fa-f0-9]{2}/g, (triplet) => {
      const char = rawUrlDecode(triplet)
      return unescapedInPath.test(char) ? char : triplet.toUpperCase()
    })
    .replace(escapedInPath, rawUrlEncode)
}

/** RFC 3986, section 5.2.4. */
function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1
    if (segment === '..' && kept.length > 1) kept.pop()
    else if (segment !== '.' && segment !== '..') kept.push(segment)
    if (isLast && (segment === '.' || segment === '..')) kept.push('')
  })
  return kept.join('/')
}
