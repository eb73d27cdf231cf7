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
  /** PEM of the authorities that may sign the certificate; those of the system when undefined. */
  readonly ca: Buffer | undefined
  /** Can end it at any moment. */
  readonly signal: AbortSignal
}

/**
 * How long a connection to one address is waited for if there are others, milliseconds. That is enough for a receiver that is
 * far away, and to send again what was lost on its way (RFC 6298: after a second). Node would give up after 250 or 500, and
 * would then only have addresses that may not be reached from here. It passes the option on, though its types lack that.
 */
const attempts = { autoSelectFamilyAttemptTimeout: 2_000 }

/** How much of the body of an answer is read. */
const answerLimitBytes = 16_384

/**
 * Posts over a new connection to one of the addresses. It cannot go to any other, since the host is not looked up again.
 * SNI, the name in the certificate and Host are those of the URL. Redirects are not followed.
 * @returns the answer, once its body has ended or enough of it was read; rejects if there is none
 */
export async function postPinned(post: PinnedPost): Promise<IncomingMessage> {
  const { url, addresses, headers, payload, ca, signal } = post
  const host = hostOf(url)
  const isTls = url.protocol === 'https:'
  const request = (isTls ? httpsRequest : httpRequest)({
    method: 'POST',
    host,
    port: url.port,
    path: `${url.pathname}${url.search}`,
    headers: [
      ...['Host', url.host, 'Content-Type', 'application/json', 'User-Agent', 'magegate'],
      ...['Content-Length', String(Buffer.byteLength(payload)), 'Connection', 'close'],
      ...headers,
    ],
    // The global agent could reuse connections, or use a proxy from the environment.
    agent: false,
    lookup: answerWith(addresses),
    ...attempts,
    // RFC 6066, section 3: SNI does not contain addresses.
    servername: isIP(host) === 0 ? host : '',
    rejectUnauthorized: true,
    ...(ca && { ca }),
    signal,
  })
  // Errors may also come when nobody waits for them any more.
  request.on('error', () => undefined)
  request.end(payload)
  const answer = await answerTo(request)
  // Reading the body gives receivers time that go on working while they answer. Whether it completes does not matter.
  await readSome(answer).catch(() => undefined)
  request.destroy()
  return answer
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
    // After an unexpected 101, Node emits nothing else.
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

/** A DNS lookup that gives the known addresses without asking anybody. */
function answerWith(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, callback) => {
    if (options.all) callback(null, found)
    else callback(null, found[0]?.address ?? '', found[0]?.family)
  }
}
