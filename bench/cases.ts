import { createHmac } from 'node:crypto'
import { canonicalRequest } from '../src/authenticate/canonical-request.ts'
import { benchEnv, type Scheme } from './configuration.ts'

/** A kind of request that is measured. */
export interface Case {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Bytes of the body; 0 for none. */
  readonly bodyBytes: number
  /** How many are sent in a round, as a share of what was asked for. */
  readonly share: number
}

/** A request that is ready to be sent. */
export interface SignedRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Status of the answer; 200 if left out. */
  readonly expectedStatus?: number
}

/** Who calls. */
export interface Caller {
  readonly token: string
  readonly secret: string
}

/** The integration that all benchmarks know. */
export const benchCaller: Caller = { token: benchEnv.BENCH_TOKEN, secret: benchEnv.BENCH_SECRET }

/** A read. */
export const smallGet: Case = {
  name: 'GET',
  method: 'GET',
  path: '/rest/V1/products/24-MB01',
  bodyBytes: 0,
  share: 1,
}

/** A write. */
export const smallPost: Case = {
  name: 'POST of 200 B',
  method: 'POST',
  path: '/rest/V1/products',
  bodyBytes: 200,
  share: 1,
}

/** What is measured. */
export const cases: readonly Case[] = [
  smallGet,
  smallPost,
  { ...smallPost, name: 'POST of 64 KiB', bodyBytes: 65_536, share: 0.25 },
]

let signedSoFar = 0

/** Signs a request of a case; no two are alike, so that none is taken for a repeat. */
export function signRequest(
  { method, path, bodyBytes }: Case,
  scheme: Scheme,
  caller: Caller = benchCaller,
): SignedRequest {
  const body = bodyBytes === 0 ? '' : itemsOf(bodyBytes, signedSoFar + 1)
  return signBody({ method, path }, body, scheme, caller)
}

/** Signs a request with this very body, empty for none. */
export function signBody(
  { method, path }: Pick<Case, 'method' | 'path'>,
  body: string,
  scheme: Scheme,
  { token, secret }: Caller = benchCaller,
): SignedRequest {
  signedSoFar += 1
  const headers = {
    Authorization: `Bearer ${token}`,
    'User-Agent': 'bench/1.0',
    Accept: 'application/json',
    ...(body !== '' && { 'Content-Type': 'application/json' }),
    ...signatureHeaders(scheme, secret, method, path, body),
  }
  return { method, path, headers, body: body === '' ? null : body }
}

function signatureHeaders(
  scheme: Scheme,
  secret: string,
  method: string,
  path: string,
  body: string,
) {
  if (scheme === 'body') return { 'X-Signature': hmac(secret, body) }
  const timestamp = String(Math.floor(Date.now() / 1000))
  const nonce = `bench-nonce-${signedSoFar.toString().padStart(12, '0')}`
  const signed = canonicalRequest({ timestamp, nonce, method, path, query: '', body })
  return { 'X-Timestamp': timestamp, 'X-Nonce': nonce, 'X-Signature': hmac(secret, signed) }
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

/** A JSON object of exactly so many bytes with a list of items, the first one with a number in it. */
export function itemsOf(bytes: number, number: number): string {
  const begin = `{"items":[{"sku":"${number.toString().padStart(10, '0')}`
  const end = '","qty":15}'
  const item = ',{"sku":"24-MB01-0000","qty":15}'
  const room = bytes - begin.length - end.length - 2
  const others = item.repeat(Math.floor(room / item.length))
  return `${begin}${'x'.repeat(room - others.length)}${end}${others}]}`
}
