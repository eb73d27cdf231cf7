import type { Socket } from 'node:net'

/**
 * Has undici learn of the end of a connection only once it has read everything before it. undici 7 ends the process where a
 * connection ends whose answer it has paused (nodejs/undici#5360), and breaks that answer off if the connection could have
 * been kept. It reads whenever there is something to be read, unless it has paused.
 */
export function endWhenRead(socket: Socket): Socket {
  const { push, read } = socket
  let hasEnded = false
  let isAsked = false
  const ask = () => {
    if (!hasEnded || socket.destroyed) return
    isAsked = true
    socket.emit('readable')
    isAsked = false
  }
  socket.push = (chunk, encoding) => {
    // Until it has listeners, it does not read either.
    if (chunk !== null || socket.listenerCount('readable') === 0) {
      return push.call(socket, chunk, encoding)
    }
    hasEnded = true
    ask()
    return false
  }
  socket.read = (size) => {
    const chunk: unknown = read.call(socket, size)
    // Node itself reads nothing to have the buffer filled.
    if (!hasEnded || chunk !== null || size === 0) return chunk
    // Once it goes on, undici hands out an empty piece after it has read nothing, and may be paused by that again.
    if (!isAsked) process.nextTick(ask)
    else {
      hasEnded = false
      push.call(socket, null)
    }
    return chunk
  }
  return socket
}
