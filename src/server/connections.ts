import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addTo } from '../contract/add-to.ts'
import { canonicalRemoteIp, type IpSet } from '../contract/ip-address.ts'
import { addressKey } from '../syntax/address-key.ts'

/** The bound that a connection exceeded. */
export type ConnectionBound = 'total' | 'address'

/** How many connections callers may hold. */
export interface ConnectionLimits {
  readonly total: number
  /** For each IPv4 address and each IPv6 /64. */
  readonly perAddress: number
  /** Proxies hold connections for many callers, so only the total applies to them. */
  readonly isProxy: IpSet
}

/** How the connections of a server are bounded. */
export interface ConnectionSettings {
  /** Asked for each connection, so that limits may change. */
  readonly limits: () => ConnectionLimits
  /** Told of each connection that is refused. */
  readonly onRefused: (bound: ConnectionBound) => void
}

/**
 * Bounds the connections of a server. One that exceeds a bound is closed before a byte of it is read, so
 * that it costs neither a TLS handshake nor parsing.
 * @returns cuts off all connections
 */
export function boundConnections(
  server: Server,
  { limits, onRefused }: ConnectionSettings,
): () => void {
  const open = new Set<Socket>()
  const counts = new Map<string, number>()

  function boundOf(key: string, ip: string): ConnectionBound | undefined {
    const { total, perAddress, isProxy } = limits()
    if (open.size >= total) return 'total'
    return (counts.get(key) ?? 0) >= perAddress && !isProxy(ip) ? 'address' : undefined
  }

  function count(socket: Socket, key: string): void {
    open.add(socket)
    addTo(counts, key, 1)
    socket.once('close', () => {
      open.delete(socket)
      addTo(counts, key, -1)
    })
  }

  // Puts the check before everything that the server itself does with a new connection.
  const accept = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const ip = canonicalRemoteIp(socket.remoteAddress) ?? ''
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

  return () => {
    for (const socket of open) socket.destroy()
  }
}
