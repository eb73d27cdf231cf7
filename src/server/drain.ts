import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { breakOff, isHttp10 } from './break-off.ts'

/**
 * Closes a listener and its idle connections without losing a request; resolves when the requests in flight are over.
 * @param deadline resolves when requests that still run are to be cut off
 * @param alongside called once the listener no longer accepts, and waited for as well
 */
export type Drain = (deadline: Promise<unknown>, alongside: () => Promise<void>) => Promise<void>

/*
 * Most turns of the event loop to wait for one without a new connection. The kernel's queue holds 511
 * connections (Node's backlog), so whatever was in it at the stop has been accepted by then, even in a flood
 * that never leaves such a turn.
 */
const maxTurns = 1_024

/** Watches a server from before it listens, so that it can be drained. */
export function watchConnections(server: Server): Drain {
  let accepted = 0
  server.on('connection', () => {
    accepted += 1
  })
  // Answers whose end their callers would see in the end of their connections.
  const endedByClose = new Set<ServerResponse>()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isHttp10(request)) return
    endedByClose.add(response)
    response.once('close', () => endedByClose.delete(response))
  })

  function cutOff(): void {
    for (const response of endedByClose) breakOff(response)
    server.closeAllConnections()
  }

  /**
   * Waits for a turn of the event loop that accepts no connection. The kernel completes connections by itself
   * and keeps them in a queue, from which one is accepted in each turn. Closing the listener resets those that
   * are left, and what their callers have sent is lost. The turn also reads what has just arrived on idle
   * connections.
   */
  async function untilQueueIsEmpty(): Promise<void> {
    for (let turn = 0; turn < maxTurns; turn += 1) {
      const before = accepted
      // `setImmediate` calls back right after the poll for events.
      await new Promise(setImmediate)
      if (accepted === before) return
    }
  }

  return async function drain(deadline, alongside) {
    await untilQueueIsEmpty()
    const closed = once(server, 'close')
    // In the same turn, before anything else can arrive.
    server.close()
    void deadline.then(cutOff)
    await Promise.all([closed, alongside()])
  }
}
