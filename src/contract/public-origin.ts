/** The public name of the gateway or of Magento: what requests to it are signed with as scheme and authority. */
export interface PublicOrigin {
  readonly scheme: 'http' | 'https'
  /** Host in lower case, and port unless it is the scheme's own. */
  readonly authority: string
}

/** The origin of a URL. */
export function originOf({ protocol, host }: URL): PublicOrigin {
  return { scheme: protocol === 'https:' ? 'https' : 'http', authority: host }
}

/** An origin as the beginning of a URL, without a slash at its end. */
export function urlOf({ scheme, authority }: PublicOrigin): string {
  return `${scheme}://${authority}`
}
