import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { hostOf } from './destination.ts'

/** One POST. */
export interface PinnedPost {
  readonly url: URL
  /** The only addresses that the connection may be made to. */
  readonly addresses: readonly string[]
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly payload: string
  /** PEM of the authorities that may sign the certificate; the system's when absent. */
  readonly ca: Buffer | undefined
  /** Ends it at any moment. */
  readonly signal: AbortSignal
}

/** More of a body is not read. */
const answerLimitBytes = 16_384

/**
 * Posts on a connection of its own that is made to one of the addresses and can be made to no other: the host
 * is not looked up again. SNI, the name in the certificate and Host are those of the URL. Redirects are
 * answers like any other.
 * @returns the answer, once its body is over or cut; rejects where there is none
 */
export async function postPinned(post: PinnedPost): Promise<IncomingMessage> {
  const { url, addresses, headers, payload, ca, signal } = post
  const host = hostOf(url)
  const isTls = url.protocol === 'https:'
  const request = (isTls ? httpsRequest : httpRequest)({
    method: 'POST',
    host,
    port: url.port || (isTls ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    headers: [
      ...['Host', url.host, 'Content-Type', 'application/json', 'User-Agent', 'magegate'],
      ...['Content-Length', String(Buffer.byteLength(payload)), 'Connection', 'close'],
      ...headers,
    ],
    // The agent of the process could keep connections, or use a proxy of the environment.
    agent: false,
    lookup: answerWith(addresses),
    // RFC 6066, section 3: an address is not sent.
    servername: isIP(host) === 0 ? host : '',
    rejectUnauthorized: true,
    ...(ca && { ca }),
    signal,
  })
  // Also those that come when nobody waits any longer.
  request.on('error', () => undefined)
  request.end(payload)
  const answer = await answerTo(request)
  // Receivers that work on while they answer are not cut off; whether they finish does not count.
  await readSome(answer).catch(() => undefined)
  request.destroy()
  return answer
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
    // Of a 101, which nobody has asked for, Node tells nothing else.
    request.once('close', () => {
      reject(Object.assign(new Error('no answer'), { code: 'NO_ANSWER' }))
    })
  })
}

async function readSome(body: AsyncIterable<Buffer>): Promise<void> {
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > answerLimitBytes) return
  }
}

/** Answers the question for a name without asking anybody. */
function answerWith(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, callback) => {
    if (options.all) callback(null, found)
    else callback(null, found[0]?.address ?? '', found[0]?.family)
  }
}
