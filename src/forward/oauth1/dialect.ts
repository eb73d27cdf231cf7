/**
 * How Magento builds the string that OAuth 1.0a signs; no version follows RFC 5849 completely. `2.4.5`: versions 2.4.4
 * and 2.4.5, which use Zend Framework 1. `2.4.7`: versions 2.4.6 and 2.4.7, which use Laminas. `2.4.8`: version 2.4.8
 * and later, which have their own code.
 */
export type Dialect = '2.4.5' | '2.4.7' | '2.4.8'

/**
 * The dialect of a Magento version such as `2.4.7-p3`; undefined for a text that is not a version, and for versions
 * before 2.4.4, which nobody maintains any more.
 */
export function dialectOf(magentoVersion: string): Dialect | undefined {
  const [, major, minor, patch = '0'] =
    /^(\d+)\.(\d+)(?:\.(\d+))?(?:-.*)?$/.exec(magentoVersion) ?? []
  const line = Number(major) * 1000 + Number(minor)
  if (line > 2004) return '2.4.8'
  if (line < 2004 || Number.isNaN(line)) return undefined
  if (Number(patch) >= 8) return '2.4.8'
  if (Number(patch) >= 6) return '2.4.7'
  return Number(patch) >= 4 ? '2.4.5' : undefined
}
