import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/**
 * Ends an answer before it is complete, so that its caller cannot take it for complete. To a caller of HTTP/1.0, such
 * as nginx before 1.30 unless it is told otherwise, the end of the connection is the end of an answer whose length it has
 * not been told (RFC 9112, section 6.3). So that connection is reset, also below TLS: many callers, nginx among them, do
 * not ask for a close_notify.
 */
export function breakOff(response: ServerResponse): void {
  const { req, socket } = response
  if (socket === null) {
    // An earlier answer on the connection has its turn first. Node would then send what there is of this one, and leave
    // the connection open.
    response.once('socket', (own: Socket) =>
      isHttp10(req) ? connectionOf(own)?.resetAndDestroy() : own.destroy(),
    )
  }
  const connection = isHttp10(req) ? connectionOf(socket) : undefined
  if (connection === undefined) response.destroy()
  else connection.resetAndDestroy()
}

/** Whether the caller takes the end of the connection for that of an answer. */
export function isHttp10({ httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMajor === 1 && httpVersionMinor === 0
}

/** The TCP connection of a socket. Node can reset no other, and has no public name for the one below TLS. */
function connectionOf(socket: Socket | null): Socket | undefined {
  if (!(socket instanceof TLSSocket)) return socket ?? undefined
  return (socket as { readonly _parent?: Socket })._parent
}
