/**
 * How Magento builds the string that OAuth 1.0a signatures are made of; no version follows RFC 5849
 * in all of it. `2.4.7`: versions 2.4.6 and 2.4.7, which leave it to Laminas. `2.4.8`: 2.4.8 and
 * later, which have code of their own.
 */
export type Dialect = '2.4.7' | '2.4.8'

/**
 * The dialect of a Magento version such as `2.4.7-p3`; undefined for text that is no version, and
 * for versions before 2.4.6, which neither dialect is known to fit.
 */
export function dialectOf(magentoVersion: string): Dialect | undefined {
  const [, major, minor, patch = '0'] =
    /^(\d+)\.(\d+)(?:\.(\d+))?(?:-.*)?$/.exec(magentoVersion) ?? []
  const line = Number(major) * 1000 + Number(minor)
  if (line > 2004) return '2.4.8'
  if (line < 2004 || Number.isNaN(line)) return undefined
  if (Number(patch) >= 8) return '2.4.8'
  return Number(patch) >= 6 ? '2.4.7' : undefined
}
