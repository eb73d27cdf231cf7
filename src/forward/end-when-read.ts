import type { Socket } from 'node:net'

/**
 * Has undici learn of the end of a connection only once it has read everything before it. undici 7 ends the process where a
 * connection ends whose answer it has paused (nodejs/undici#5360), and breaks that answer off if the connection could have
 * been kept. It reads whenever there is something to be read, unless it has paused.
 */
export function endWhenRead(socket: Socket): Socket {
  const { push, read } = socket
  let hasEnded = false
  socket.push = (chunk, encoding) => {
    // Until it has listeners, it does not read either.
    if (chunk !== null || socket.listenerCount('readable') === 0) {
      return push.call(socket, chunk, encoding)
    }
    hasEnded = true
    socket.emit('readable')
    return false
  }
  socket.read = (size) => {
    const chunk: unknown = read.call(socket, size)
    // Node itself reads nothing to have the buffer filled.
    if (hasEnded && chunk === null && size !== 0) {
      hasEnded = false
      push.call(socket, null)
    }
    return chunk
  }
  return socket
}
