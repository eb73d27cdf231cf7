import type { Socket } from 'node:net'
import { answerWith, startRawUpstream } from './raw-upstream.ts'

/** A request that waits for its answer. */
export interface HeldRequest {
  /** As it came over the wire. */
  readonly text: string
  /** Answers it with status 200 and a body of JSON, an empty object where none is given. */
  readonly answer: (body?: string) => void
}

/** An upstream that answers when it is told to. */
export async function startHeldUpstream() {
  const arrived: HeldRequest[] = []
  const waiting: ((request: HeldRequest) => void)[] = []
  const upstream = await startRawUpstream((socket: Socket, text) => {
    const headers = { 'Content-Type': 'application/json' }
    const request = { text, answer: (body = '{}') => answerWith(socket, { headers, body }) }
    const next = waiting.shift()
    if (next === undefined) arrived.push(request)
    else next(request)
  })
  return {
    url: upstream.url,
    sockets: upstream.sockets,
    /** The next request, oldest first, as soon as it is there. */
    next: (): Promise<HeldRequest> => {
      const request = arrived.shift()
      return request === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(request)
    },
    [Symbol.asyncDispose]: upstream[Symbol.asyncDispose],
  }
}
