/**
 * Acts after a time, but only once what has arrived by then has been read: after a process was busy or suspended, Node
 * calls timers before it reads from sockets.
 * @returns the timer; clearing it does nothing any more once the time is over
 */
export function timeoutAfterReading(act: () => void, afterMs: number): NodeJS.Timeout {
  return setTimeout(() => setImmediate(act), afterMs)
}
