import { isIP } from 'node:net'
import { Type } from 'typebox'

/** For objects that may have no other members than those of their schema. */
export const closed = { additionalProperties: false } as const

/** An address to listen on, or the name of one. */
export function Host(description: string) {
  return Type.Refine(
    Type.String({ description, examples: ['0.0.0.0', '::'] }),
    (text) => (isIP(text) === 0 ? hostName.test(text) : !text.includes('%')),
    () =>
      'an IP address without brackets and zone, or a host name; the port is a setting of its own',
  )
}

// The last label of a name is not a number: a text that looks like an IPv4 address is one, or a mistake.
const hostName =
  /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*(?!\d+$|0x[\dA-Fa-f]*$)[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/

/** A port to listen on; 0 takes a free one. */
export function Port(description: string) {
  return Type.Integer({ minimum: 0, maximum: 65_535, description })
}

/** A duration in milliseconds, of at most an hour unless another maximum is given. */
export function Milliseconds(standard: number, description: string, maximum = 3_600_000) {
  return Type.Integer({ minimum: 1, maximum, default: standard, description })
}

/** The code of an inventory source of Magento. */
export function SourceCode(description: string) {
  return Type.String({ pattern: '^[A-Za-z0-9_-]{1,255}$', examples: ['default'], description })
}

/** A file that is read at start, relative to the directory of the configuration. */
export function ReadableFile(description: string) {
  return Type.String({ description, reference: 'file' })
}

/** A file with certificates of authorities that is read at start, relative to the directory of the configuration. */
export function AuthoritiesFile(description: string) {
  return Type.String({ description, reference: 'authorities' })
}

/** An http or https URL that consists only of an origin. */
export function HttpUrl(description: string) {
  return Type.Refine(
    Type.String({ description }),
    (text) => {
      const url = URL.parse(text)
      return (
        url !== null &&
        /^https?:$/.test(url.protocol) &&
        url.pathname === '/' &&
        `${url.username}${url.password}${url.search}${url.hash}` === ''
      )
    },
    () => 'an http or https URL of a host, without path, query and credentials',
  )
}
