import { createHmac, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { canonicalRequest } from '../authenticate/canonical-request.ts'
import { readSecret } from '../config.ts'
import { curlCommand, type SignedHeader } from './sign/curl-command.ts'

/** Options of the command `sign`, as text. */
export interface SignOptions {
  readonly url: string
  /** `body` or `canonical`. */
  readonly scheme: string
  /** Reference to the shared secret, `env:NAME` or `file:PATH`. */
  readonly secret: string
  /** Reference to the bearer token; without it the integration names itself. */
  readonly token?: string | undefined
  readonly integration?: string | undefined
  readonly method?: string | undefined
  readonly body?: string | undefined
  readonly bodyFile?: string | undefined
  /** Print a curl command instead of headers. */
  readonly curl: boolean
}

const urlForm = /^https?:\/\/[^/?#]+(\/[^?#]*)(?:\?([^#]*))?$/

/**
 * Signs a request as a partner would, and prints its headers, or a curl command that names the token
 * and does not hold it. The URL is taken byte for byte.
 * @returns the exit code: 0, or 1 when an option cannot be used
 */
export async function sign(options: SignOptions): Promise<number> {
  const { url, scheme, curl } = options
  const [, path, query = ''] = urlForm.exec(url) ?? []
  if (path === undefined) return fail('the URL must be absolute, http or https, with a path')
  if (scheme !== 'body' && scheme !== 'canonical') return fail('--scheme is body or canonical')
  if (options.token === undefined && options.integration === undefined) {
    return fail('--token REFERENCE or --integration NAME says who signs')
  }
  const secret = await readSecret(options.secret)
  if (secret === undefined)
    return fail('--secret is no reference, env:NAME or file:PATH, to a secret')
  const body = options.bodyFile ? await readFile(options.bodyFile) : Buffer.from(options.body ?? '')
  const method = options.method ?? (body.length > 0 ? 'POST' : 'GET')
  const headers: SignedHeader[] = []
  if (options.token !== undefined) {
    headers.push({
      name: 'Authorization',
      value: 'Bearer ',
      shellSuffix: expressionOf(options.token),
    })
  }
  if (options.integration !== undefined) {
    headers.push({ name: 'X-Integration-Id', value: options.integration })
  }
  if (body.length > 0) headers.push({ name: 'Content-Type', value: 'application/json' })
  const hmac = (text: string | Buffer) =>
    createHmac('sha256', secret.reveal()).update(text).digest('hex')
  if (scheme === 'body') {
    headers.push({ name: 'X-Signature', value: hmac(body) })
  } else {
    const timestamp = String(Math.floor(Date.now() / 1000))
    const nonce = randomBytes(16).toString('hex')
    headers.push(
      { name: 'X-Timestamp', value: timestamp },
      { name: 'X-Nonce', value: nonce },
      {
        name: 'X-Signature',
        value: hmac(canonicalRequest({ timestamp, nonce, method, path, query, body })),
      },
    )
  }
  const bodyArgument = options.bodyFile ? `@${options.bodyFile}` : options.body
  const request = { method, url, ...(bodyArgument && { bodyArgument }) }
  const lines = headers.map(
    ({ name, value, shellSuffix = '' }) => `${name}: ${value}${shellSuffix}`,
  )
  process.stdout.write(`${curl ? curlCommand(request, headers) : lines.join('\n')}\n`)
  return 0
}

/** `env:NAME` as `$NAME`, `file:PATH` as `$(cat PATH)`. */
function expressionOf(reference: string): string {
  const name = reference.slice(reference.indexOf(':') + 1)
  return reference.startsWith('env:') ? `$${name}` : `$(cat ${name})`
}

function fail(what: string): number {
  process.stderr.write(`sign: ${what}\n`)
  return 1
}
