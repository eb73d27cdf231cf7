import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { breakOff, isHttp10 } from './break-off.ts'
import type { OpenReplies } from './client-error.ts'

/**
 * Closes a listener and its idle connections without losing a request; resolves when the requests in flight are over.
 * @param deadline resolves when requests that still run are to be cut off
 * @param alongside called once idle connections are to be closed, and waited for as well
 */
export type Drain = (deadline: Promise<unknown>, alongside: () => Promise<void>) => Promise<void>

/*
 * Most turns of the event loop to wait for one without a new connection. The kernel's queue holds 511
 * connections (Node's backlog), so whatever was in it at the stop has been accepted by then, even in a flood
 * that never leaves such a turn.
 */
const maxTurns = 1_024

/** How long after its connection, or after an answer, the next request on it may arrive, milliseconds. */
const arrivingMs = 250

/**
 * Watches a server from before it listens, so that it can be drained.
 * @param openReplies the reply that each connection is waiting for
 */
export function watchConnections(server: Server, openReplies: OpenReplies): Drain {
  spareOpenReplies(server, openReplies)
  let accepted = 0
  let acceptedAt = 0
  server.on('connection', () => {
    accepted += 1
    acceptedAt = performance.now()
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
   * connections. Turns of a busy process are long, so it also ends at the deadline.
   */
  async function untilQueueIsEmpty(deadline: Promise<unknown>): Promise<void> {
    let isLate = false
    void deadline.then(() => {
      isLate = true
    })
    for (let turn = 0; turn < maxTurns && !isLate; turn += 1) {
      const before = accepted
      // `setImmediate` calls back right after the poll for events.
      await new Promise(setImmediate)
      if (accepted === before) return
    }
  }

  return async function drain(deadline, alongside) {
    await untilQueueIsEmpty(deadline)
    const closed = once(server, 'close')
    // In the same turn, before anything else can arrive. The method of HTTP would also close connections on which the
    // first request has yet to arrive.
    NetServer.prototype.close.call(server)
    // For connections that become idle only later, since an answer that had begun before the stop does not close its own.
    // Node adds a second.
    server.keepAliveTimeout = arrivingMs
    void deadline.then(cutOff)
    const leftMs = Math.max(0, acceptedAt + arrivingMs - performance.now())
    await Promise.race([closed, delay(leftMs)])
    // Node calls timers before it reads what has arrived while the process was busy or suspended.
    await new Promise(setImmediate)
    await Promise.all([closed, alongside()])
  }
}

/**
 * Keeps connections whose caller waits for a reply when the idle ones are closed. To Node a connection is idle, too, on
 * which an answer that is complete has yet to be sent (lib/_http_server.js, closeIdleConnections), even if it is not the
 * last one.
 */
function spareOpenReplies(server: Server, openReplies: OpenReplies): void {
  const sockets = new Set<Socket>()
  const watch = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  // Those of HTTP/2 are no keys of the replies, and have an end of their own.
  server.on('connection', watch).on('secureConnection', watch)
  const closeIdle = server.closeIdleConnections
  server.closeIdleConnections = () => {
    const spared = [...sockets].filter((socket) => openReplies.has(socket))
    for (const socket of spared) socket.destroy = () => socket
    closeIdle.call(server)
    for (const socket of spared) delete (socket as { destroy?: unknown }).destroy
  }
}
