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
 * Turns that are waited at most for one without a new connection. The queue has room for 511 (Node's
 * backlog), so what stood in it at the stop has been accepted by then, also in a flood that leaves none.
 */
const maxTurns = 1_024

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
    for (let turn = 0; turn < maxTurns; turn += 1) {
      const before = accepted
      // Right behind the poll for events.
      await new Promise(setImmediate)
      if (accepted === before) return
    }
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
