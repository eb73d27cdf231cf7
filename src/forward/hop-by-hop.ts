import { allValues } from '../syntax/headers.ts'

/*
 * Fields that belong to one connection and never cross a proxy (RFC 9110, section 7.6.1), including those
 * that clients and servers send without naming them in Connection.
 */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/*
 * What says how a body is to be read is for whoever reads it, and no option of a connection (RFC 9110, section
 * 7.6.1): the policies have read the body by it, and a signature may cover it.
 */
const endToEnd = new Set(['content-type', 'content-encoding'])

/**
 * The names of fields that end at this hop: the fixed ones, and those that a `Connection` header names.
 * @param headers names and values in turn
 */
export function hopByHopNames(headers: readonly string[]): ReadonlySet<string> {
  let names: Set<string> | undefined
  for (const value of allValues(headers, 'connection')) {
    for (const token of value.split(',')) {
      const name = token.trim().toLowerCase()
      if (name === '' || hopByHop.has(name) || endToEnd.has(name)) continue
      names ??= new Set(hopByHop)
      names.add(name)
    }
  }
  return names ?? hopByHop
}
