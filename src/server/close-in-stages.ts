import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** How long a caller may go on sending a request that has been answered already, milliseconds. */
export const lingerMs = 5_000

/**
 * Closes a connection on which the caller may still be sending. What has been written goes out and is followed by the
 * end of our side; what still arrives is dropped until the caller has closed its own side, for five seconds at most. If
 * it was closed at once, the kernel would reset it because of bytes that nobody has read, and a caller that sends its
 * whole request before it reads would never see the answer (RFC 9112, section 9.6).
 */
export function closeInStages(socket: Socket): void {
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

/** Has a connection closed in stages with its last answer, where Node would close it at once. */
export function closeInStagesAfter(message: IncomingMessage): void {
  const { socket } = message
  socket.destroySoon = () => {
    // The rest of a body that nobody has read.
    message.resume()
    closeInStages(socket)
  }
}
