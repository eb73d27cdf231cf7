import { once } from 'node:events'
import type { Server } from 'node:http'

/** A listener that can be stopped without the loss of a request. */
export interface Drain {
  /**
   * Closes the listener and connections that are idle; resolves when requests in flight are over.
   * @param isOver resolves when they are to wait no longer; what still runs is cut off then
   * @param alongside called when the listener has closed, and waited for
   */
  readonly close: (isOver: Promise<unknown>, alongside: () => Promise<void>) => Promise<void>
}

/*
 * Most that is waited for a turn without a new connection. Callers that make a connection for each
 * request may leave none for long.
 */
const settleMs = 3_000

/** Watches a server from before it listens, so that it can be drained. */
export function watchConnections(server: Server): Drain {
  let accepted = 0
  server.on('connection', () => {
    accepted += 1
  })

  /**
   * Waits for a turn of the event loop that accepts nothing. The kernel makes connections by itself, and
   * they wait in its queue until they are accepted, one in each turn; to close the listener resets them,
   * and what their callers have sent is lost. The turn also reads what idle connections have just sent.
   */
  async function untilQueueIsEmpty(): Promise<void> {
    const endMs = performance.now() + settleMs
    let before: number
    do {
      before = accepted
      // Right behind the poll for events.
      await new Promise(setImmediate)
    } while (accepted !== before && performance.now() < endMs)
  }

  return {
    close: async (isOver, alongside) => {
      await untilQueueIsEmpty()
      const closed = once(server, 'close')
      // In the same turn, before anything else can arrive.
      server.close()
      void isOver.then(() => server.closeAllConnections())
      await Promise.all([closed, alongside()])
    },
  }
}
