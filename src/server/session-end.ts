import { constants, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'

/** How long a connection may be without a request. */
export interface IdleBounds {
  /** How long a new one may take to begin its first request, milliseconds. */
  readonly firstRequestMs: number
  /** The same after a request, milliseconds. */
  readonly idleMs: number
}

/** How a connection ends without the loss of a request. */
export interface SessionEnd {
  /** Tells the caller to open no more streams, once all that are open are answered. */
  readonly announce: () => void
  /** The same, and closes the connection then; if the caller opens another stream meanwhile, it is told at once. */
  readonly close: () => void
}

/** The highest possible stream id: a GOAWAY with it says of no stream yet that it is ignored (RFC 9113, section 6.8). */
const anyStream = 2 ** 31 - 1

/** How long the caller has to close an idle connection that the gateway has ended, milliseconds. */
const closingMs = 1_000

/** How long until it is looked again whether a caller that reads slowly has been sent a GOAWAY, milliseconds. */
const lookAgainMs = 50

/**
 * Ends a connection that has had no request for too long, whatever other frames arrive on it; and, if asked to, has the
 * caller told that it ends, after the answers to its open streams if possible: although a GOAWAY leaves these as they are
 * (RFC 9113, section 6.8), Python's h2 takes the connection for closed, and loses the answers.
 */
export function prepareSessionEnd(
  session: ServerHttp2Session,
  socket: TLSSocket,
  { firstRequestMs, idleMs }: IdleBounds,
): SessionEnd {
  let open = 0
  let isAnnounced = false
  let state: 'lasting' | 'ending' | 'closing' = 'lasting'
  let timer = setTimeout(endIdle, firstRequestMs)

  function endIdle(): void {
    session.close()
    cutOffSoon()
  }

  function cutOffSoon(): void {
    timer = setTimeout(() => socket.destroy(), closingMs)
  }

  function announce(): void {
    if (isAnnounced || session.closed || session.destroyed) return
    isAnnounced = true
    session.goaway(constants.NGHTTP2_NO_ERROR, anyStream)
    setImmediate(announceLast)
  }

  /**
   * Once the first GOAWAY has been sent, nghttp2 ignores new streams (nghttp2: lib/nghttp2_session.c,
   * session_allow_incoming_new_stream), so the last one is certain, and callers learn at once which ones to open elsewhere.
   * If none is open, Node reads nothing more after a GOAWAY, neither the answer to a ping nor that the caller has left: so
   * the connection is closed.
   */
  function announceLast(): void {
    if (session.destroyed) return
    if (session.state.outboundQueueSize !== 0) {
      setTimeout(announceLast, lookAgainMs)
      return
    }
    state = 'closing'
    if (open > 0) session.goaway(constants.NGHTTP2_NO_ERROR)
    endIfAnswered()
  }

  function endIfAnswered(): void {
    if (open > 0 || session.destroyed) return
    if (state === 'ending') announce()
    if (state === 'closing') session.close()
  }

  session.on('stream', (stream) => {
    clearTimeout(timer)
    open += 1
    if (state === 'closing') announce()
    stream.once('close', () => {
      open -= 1
      if (open === 0 && !session.destroyed) timer = setTimeout(endIdle, idleMs)
      // Where a caller has reset its connection right behind a frame that ends the session, Node waits without end for a
      // write, and never closes that connection (lib/internal/http2/core.js, closeSession).
      else if (open === 0 && !socket.destroyed) cutOffSoon()
      endIfAnswered()
    })
  })
  socket.once('close', () => clearTimeout(timer))
  return {
    announce: () => {
      if (state === 'lasting') state = 'ending'
    },
    close: () => {
      state = 'closing'
      endIfAnswered()
    },
  }
}
