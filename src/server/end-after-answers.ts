import { constants, type ServerHttp2Session } from 'node:http2'

/** The highest possible stream id: a GOAWAY with it says of no stream yet that it is ignored (RFC 9113, section 6.8). */
const anyStream = 2 ** 31 - 1

/** How a connection ends without the loss of a request. */
export interface EndAfterAnswers {
  /** Tells the caller to open no more streams, once all that are open are answered. */
  readonly announce: () => void
  /** The same, and closes the connection then; if the caller opens another stream meanwhile, it is told at once. */
  readonly close: () => void
}

/**
 * Has the caller told that its connection ends, after the answers to its open streams if possible: although a GOAWAY
 * leaves these as they are (RFC 9113, section 6.8), Python's h2 takes the connection for closed, and loses the answers.
 */
export function endAfterAnswers(session: ServerHttp2Session): EndAfterAnswers {
  let open = 0
  let isAnnounced = false
  let state: 'lasting' | 'ending' | 'closing' = 'lasting'

  function announce(): void {
    if (isAnnounced || session.closed || session.destroyed) return
    isAnnounced = true
    session.goaway(constants.NGHTTP2_NO_ERROR, anyStream)
    // Once that has been sent, nghttp2 ignores new streams (nghttp2: lib/nghttp2_session.c,
    // session_allow_incoming_new_stream). The answer to a ping tells that it has; after that the last stream is
    // certain, and callers learn at once which ones to open elsewhere.
    session.ping((error) => {
      if (error === null && !session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR)
    })
  }

  function endIfAnswered(): void {
    if (open > 0 || session.destroyed) return
    if (state === 'ending') announce()
    if (state === 'closing') session.close()
  }

  session.on('stream', (stream) => {
    open += 1
    if (state === 'closing') announce()
    stream.once('close', () => {
      open -= 1
      endIfAnswered()
    })
  })
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
