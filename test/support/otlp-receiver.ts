import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A span as it arrived. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  /** Whether its parent is said to be of another process. */
  readonly hasRemoteParent: boolean
  readonly name: string
  /** 2 of a server, 3 of a client, 5 of a consumer. */
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly start: bigint
  readonly end: bigint
  /** 2 where it is an error. */
  readonly status: number
  readonly attributes: Readonly<Record<string, string | number>>
}

/** Receives OTLP over HTTP on loopback. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string
  readonly headers: readonly IncomingHttpHeaders[]
  /** All bytes that came in, as text. */
  readonly text: () => string
  readonly resources: readonly Readonly<Record<string, string | number>>[]
  /** The spans once there are so many; rejects where they do not come. */
  readonly spans: (count: number) => Promise<readonly ReceivedSpan[]>
  /** Answers no request from now on. */
  readonly hang: () => void
  /** Resolves when a request has come that is not answered. */
  readonly hung: Promise<void>
}

/** The environment of a gateway that sends its spans to a receiver, and at once, so that nobody waits. */
export const tracingEnv = (url: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20otlp-token-0123456789',
  OTEL_SERVICE_NAME: 'gate-of-the-test',
  OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  OTEL_BSP_SCHEDULE_DELAY: '1',
})

/** How long spans are waited for, milliseconds: far longer than they take. */
const givenUpAfterMs = 30_000

/** Starts a receiver on a free port. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const bodies: Buffer[] = []
  const headers: IncomingHttpHeaders[] = []
  const resources: Record<string, string | number>[] = []
  const spans: ReceivedSpan[] = []
  let isHanging = false
  let onHung = () => {}
  const hung = new Promise<void>((resolve) => {
    onHung = resolve
  })
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    if (isHanging) return onHung()
    bodies.push(body)
    headers.push(request.headers)
    for (const resourceSpans of fieldsOf(body, 1)) {
      resources.push(...fieldsOf(resourceSpans, 1).map((each) => attributesOf(each, 1)))
      for (const scope of fieldsOf(resourceSpans, 2)) spans.push(...fieldsOf(scope, 2).map(spanOf))
    }
    response.end()
    server.emit('spans')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers,
    resources,
    text: () => Buffer.concat(bodies).toString('latin1'),
    spans: async (count) => {
      // A test that waits for ever would leave its gateway running, and with it the whole file.
      const signal = AbortSignal.timeout(givenUpAfterMs)
      while (spans.length < count) await once(server, 'spans', { signal })
      return spans
    },
    hang: () => {
      isHanging = true
    },
    hung,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function spanOf(span: Buffer): ReceivedSpan {
  const hex = (number: number) => fieldsOf(span, number)[0]?.toString('hex') ?? ''
  const time = (number: number) => fieldsOf(span, number)[0]?.readBigUInt64LE() ?? 0n
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4),
    hasRemoteParent: ((fieldsOf(span, 16)[0]?.readUInt32LE() ?? 0) & 0x200) !== 0,
    name: fieldsOf(span, 5)[0]?.toString() ?? '',
    kind: numberOf(fieldsOf(span, 6)[0]),
    start: time(7),
    end: time(8),
    status: numberOf(fieldsOf(fieldsOf(span, 15)[0] ?? Buffer.alloc(0), 3)[0]),
    attributes: attributesOf(span, 9),
  }
}

function attributesOf(message: Buffer, number: number): Record<string, string | number> {
  return Object.fromEntries(
    fieldsOf(message, number).map((pair) => {
      const [key, value = Buffer.alloc(0)] = [fieldsOf(pair, 1)[0], fieldsOf(pair, 2)[0]]
      const text = fieldsOf(value, 1)[0]
      return [String(key), text === undefined ? numberOf(fieldsOf(value, 3)[0]) : text.toString()]
    }),
  )
}

/** The contents of one field of a message (Protocol Buffers, "Encoding"); of a number, its varint. */
function fieldsOf(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = []
  let at = 0
  const varint = () => {
    const begin = at
    while ((message[at] as number) >= 0x80) at += 1
    at += 1
    return message.subarray(begin, at)
  }
  while (at < message.length) {
    const tag = numberOf(varint())
    const lengths: Readonly<Record<number, () => number>> = {
      1: () => 8,
      5: () => 4,
      2: () => numberOf(varint()),
    }
    const length = lengths[tag & 7]
    let content: Buffer
    if (length === undefined) content = varint()
    else {
      const bytes = length()
      content = message.subarray(at, at + bytes)
      at += bytes
    }
    if (tag >>> 3 === wanted) found.push(content)
  }
  return found
}

function numberOf(varint: Buffer | undefined): number {
  return (varint ?? Buffer.alloc(0)).reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0)
}
