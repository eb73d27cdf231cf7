import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { canonicalIp, type IpSet } from '../admit/ip-address.ts'
import { addressKey } from '../syntax/address-key.ts'

/** Which bound a connection was beyond. */
export type ConnectionBound = 'total' | 'address'

/** How many connections callers may hold. */
export interface ConnectionLimits {
  readonly total: number
  /** Of one address, an IPv6 /64. */
  readonly perAddress: number
  /** Proxies, which hold connections for many and are only bound by the total. */
  readonly isProxy: IpSet
}

/** What bounds the connections of a server. */
export interface ConnectionSettings {
  /** Asked for each connection, so that it may change. */
  readonly limits: () => ConnectionLimits
  /** Told of each connection that is refused. */
  readonly onRefused: (bound: ConnectionBound) => void
}

/** The connections of a server. */
export interface Connections {
  /** Cuts all of them off. */
  readonly destroyAll: () => void
}

/**
 * Bounds the connections of a server. One beyond a bound is closed before a byte of it is read, so that
 * it costs neither a TLS handshake nor a parser.
 */
export function boundConnections(
  server: Server,
  { limits, onRefused }: ConnectionSettings,
): Connections {
  const open = new Set<Socket>()
  const counts = new Map<string, number>()

  function boundOf(key: string, ip: string): ConnectionBound | undefined {
    const { total, perAddress, isProxy } = limits()
    if (open.size >= total) return 'total'
    return (counts.get(key) ?? 0) >= perAddress && !isProxy(ip) ? 'address' : undefined
  }

  function count(socket: Socket, key: string): void {
    open.add(socket)
    counts.set(key, (counts.get(key) ?? 0) + 1)
    socket.once('close', () => {
      open.delete(socket)
      const left = (counts.get(key) ?? 0) - 1
      if (left > 0) counts.set(key, left)
      else counts.delete(key)
    })
  }

  // Before whatever the server does with a connection.
  const accept = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const ip = canonicalIp(socket.remoteAddress ?? '') ?? ''
    const key = addressKey(ip)
    const bound = boundOf(key, ip)
    if (bound !== undefined) {
      socket.destroy()
      onRefused(bound)
      return
    }
    count(socket, key)
    for (const listener of accept) listener.call(server, socket)
  })

  return {
    destroyAll: () => {
      for (const socket of open) socket.destroy()
    },
  }
}
