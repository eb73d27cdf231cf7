import type { PublicOrigin } from '../../contract/public-origin.ts'
import { distinctVariants, type Variant } from './variant.ts'

/**
 * The origins that a client may have signed instead of the gateway's public one.
 * @param host the `Host` header that it sent
 * @param magentoUrl the public URL of the shop, for which the client may have signed before there was a gateway
 */
export function originVariants(
  { scheme, authority }: PublicOrigin,
  host: string,
  magentoUrl: string,
): Variant<string>[] {
  const other = scheme === 'https' ? 'http' : 'https'
  const port = scheme === 'https' ? 443 : 80
  return distinctVariants(`${scheme}://${authority}`, [
    [`${other}://${authority}`, `signed ${other}, and not ${scheme}`],
    [`${scheme}://${host}`, 'signed the host that it sent to, and not the public one'],
    [`${other}://${host}`, 'signed the URL that it sent to, and not the public one'],
    [new URL(magentoUrl).origin, 'signed the address of Magento, and not that of the gateway'],
    [`${scheme}://${authority}:${port}`, `signed the port ${port}, which is not named`],
  ])
}
