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

/**
 * The names of fields that end at this hop: the fixed ones, and those that a `Connection` header names.
 * @param headers names and values in turn
 */
export function hopByHopNames(headers: readonly string[]): ReadonlySet<string> {
  let names: Set<string> | undefined
  for (const value of allValues(headers, 'connection')) {
    for (const token of value.split(',')) {
      const name = token.trim().toLowerCase()
      if (name === '' || hopByHop.has(name)) continue
      names ??= new Set(hopByHop)
      names.add(name)
    }
  }
  return names ?? hopByHop
}
