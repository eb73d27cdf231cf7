import type { FastifyRequest } from 'fastify'
import { type Rejection, reject } from '../problem.ts'
import { addressKey } from '../syntax/address-key.ts'
import type { BodyMemory } from './body-memory.ts'

/** What bounds the body of a request. */
export interface BodyBounds {
  /** Longest body. */
  readonly limitBytes: number
  readonly memory: BodyMemory
}

/** A body that is not read to its end. */
export class UnreadBody extends Error {
  readonly rejection: Rejection

  constructor(rejection: Rejection) {
    super(rejection.reason)
    this.rejection = rejection
  }
}

/** A body may come in this many pieces, however small they are. */
const anyPieces = 4_096
/** With more of them, a piece has to have so many bytes on average. */
const meanBytes = 32

const noBytes = Buffer.alloc(0)

const tooLarge = reject('body-too-large', 'the body is larger than limits.bodyBytes')
const tooManyPieces = reject('bad-request', 'the body comes in too many small pieces', {
  detail: 'The body comes in too many small pieces.',
})
/** The refusal of a body that ends too early. */
export const badLength = reject('bad-request', 'the body is not as long as announced', {
  detail: 'The body is not as long as announced.',
})
const noMemory = reject('gateway-busy', 'the bodies of requests take limits.bodyMemoryMiB', {
  retryAfterSeconds: 1,
})

/**
 * Reads the bodies of requests as raw bytes. Each piece is copied as it comes: kept as it is, a piece of one byte would
 * take four hundred, and parsing many of them would take all of the CPU.
 */
export function prepareReadBody({ limitBytes, memory }: BodyBounds) {
  /** @param done called once: when the request has its body, or with {@link UnreadBody} or the error of the connection */
  return function readBody(
    request: FastifyRequest,
    payload: NodeJS.ReadableStream,
    done: (error: Error | null) => void,
  ): void {
    const { context } = request
    // Node has ended its stream already, and no event tells of that.
    if (!context.hasBody) {
      done(null)
      return
    }
    const announced = announcedBytes(request)
    // Over HTTP/2, a caller can send every byte and never the end.
    const endsWithItsBytes = request.raw.httpVersionMajor === 1
    const longest = announced ?? limitBytes
    let body = noBytes
    let length = 0
    let pieces = 0

    if (longest > limitBytes) {
      done(new UnreadBody(tooLarge))
      return
    }
    const address = addressKey(context.clientIp ?? '')
    const caller = { address, integration: context.claimed?.integration }
    const share = memory.open(caller, () => end(new UnreadBody(noMemory)))
    context.releaseBody = share.release
    payload.on('data', take).on('end', finish).on('error', end)

    function take(piece: Buffer): void {
      pieces += 1
      const fault = makeRoom(length + piece.length)
      if (fault !== undefined) {
        end(new UnreadBody(fault))
        return
      }
      piece.copy(body, length)
      length += piece.length
    }

    function makeRoom(needed: number): Rejection | undefined {
      if (needed > limitBytes) return tooLarge
      if (pieces > anyPieces && needed < pieces * meanBytes) return tooManyPieces
      if (needed <= body.length) return undefined
      // A body of known length is mostly complete with its second piece.
      const wanted = 2 * (announced === undefined ? body.length : needed)
      const capacity = Math.max(needed, Math.min(longest, wanted))
      if (!share.grow(capacity, endsWithItsBytes && needed === announced)) return noMemory
      const grown = Buffer.allocUnsafe(capacity)
      body.copy(grown, 0, 0, length)
      body = grown
      return undefined
    }

    function finish(): void {
      if (announced !== undefined && length !== announced) end(new UnreadBody(badLength))
      else end()
    }

    function end(error?: Error): void {
      payload.off('data', take).off('end', finish).off('error', end)
      if (error === undefined) {
        share.keep()
        context.body = length === body.length ? body : body.subarray(0, length)
        done(null)
      } else {
        share.release()
        body = noBytes
        done(error)
      }
    }
  }
}

/** The length that the head announces; undefined for a body in chunks, and over HTTP/2 if the caller leaves it out. */
function announcedBytes({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}
