import { readFile } from 'node:fs/promises'
import { readSecret } from '../config/secret-reference.ts'
import { errorCode } from '../contract/error-code.ts'
import type { Secret } from '../contract/secret.ts'
import { readArguments, UsageError } from './arguments.ts'
import { curlCommand, type SignedHeader, shellQuote } from './sign/curl-command.ts'
import { messageSigner } from './sign/message-signer.ts'
import { oauth1Signer } from './sign/oauth1-signer.ts'
import { bodySigner, canonicalSigner } from './sign/shared-secret-signers.ts'
import type { RequestToSign, SecretOption, Signer } from './sign/signer.ts'

const signers: ReadonlyMap<string, Signer> = new Map([
  ['body', bodySigner],
  ['canonical', canonicalSigner],
  ['rfc9421', messageSigner],
  ['oauth1', oauth1Signer],
])

// No client can send white space or letters beyond ASCII, and each would encode them in its own way.
const urlForm = /^(?=[!-~]+$)(https?:\/\/[^/?#]+)(\/[^?#]*)(?:\?([^#]*))?$/

const text = { type: 'string' } as const

/**
 * `sign [options] URL`: signs a request as a partner would, and prints its headers, or a curl command that refers to the
 * token without containing it. The URL is used byte for byte.
 * @returns the exit code: 0, or 1 if an option cannot be used
 */
export function main(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args)
  const [url, ...more] = positionals
  if (url === undefined || more.length > 0) throw new UsageError('expected one URL')
  return sign(url, values)
}

function readOptions(args: string[]) {
  return readArguments({
    args,
    allowPositionals: true,
    options: {
      scheme: { ...text, default: 'canonical' },
      'key-id': text,
      integration: text,
      method: text,
      body: text,
      'body-file': text,
      curl: { type: 'boolean' },
      token: text,
      secret: text,
      'consumer-key': text,
      'consumer-secret': text,
      'access-token': text,
      'access-token-secret': text,
    },
  })
}

/** The options of the command. Those for secrets are references, `env:NAME` or `file:PATH`. */
type SignOptions = ReturnType<typeof readOptions>['values']

async function sign(url: string, options: SignOptions): Promise<number> {
  try {
    process.stdout.write(`${await signedText(url, options)}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    process.stderr.write(`sign: ${error.message}\n`)
    return 1
  }
}

async function signedText(url: string, options: SignOptions): Promise<string> {
  const { 'key-id': keyId, 'body-file': bodyFile } = options
  const [, origin, path, query] = urlForm.exec(url) ?? []
  if (origin === undefined || path === undefined) {
    throw new TypeError('the URL must be absolute, http or https, with a path, percent-encoded')
  }
  if (options.method !== undefined && !/^[A-Z]+$/.test(options.method)) {
    throw new TypeError('--method must be a method in capitals, such as PUT')
  }
  if (options.body !== undefined && bodyFile !== undefined) {
    throw new TypeError('--body and --body-file cannot be used together')
  }
  const signer = signers.get(options.scheme)
  if (signer === undefined) {
    throw new TypeError(`--scheme must be one of ${[...signers.keys()].join(', ')}`)
  }
  const secrets = await readSecrets(signer.needs, options)
  // The token itself is not printed, but the printed command only works if the reference can be resolved.
  if (options.token !== undefined) await readSecrets(['token'], options)
  const body = await bodyOf(options)
  const method = options.method ?? (body.length > 0 ? 'POST' : 'GET')
  const request: RequestToSign = { method, origin, path, query, body }
  const headers = [
    ...identityHeaders(options),
    ...(body.length > 0 ? [{ name: 'Content-Type', value: 'application/json' }] : []),
    ...signer.sign(request, { secrets, keyId }),
  ]
  if (options.curl) return curlCommand({ method, url, body: options.body, bodyFile }, headers)
  return headers
    .map(({ name, value, shellSuffix = '' }) => `${name}: ${value}${shellSuffix}`)
    .join('\n')
}

async function bodyOf({ body, 'body-file': bodyFile }: SignOptions): Promise<Buffer> {
  if (bodyFile === undefined) return Buffer.from(body ?? '')
  try {
    return await readFile(bodyFile)
  } catch (error) {
    throw new TypeError(`--body-file: expected a readable file (${errorCode(error)})`)
  }
}

async function readSecrets(
  needs: readonly (SecretOption | 'token')[],
  options: SignOptions,
): Promise<Map<string, Secret>> {
  const secrets = new Map<string, Secret>()
  for (const option of needs) {
    const secret = await readSecret(options[option] ?? '')
    if ('expected' in secret) throw new TypeError(`--${option}: expected ${secret.expected}`)
    secrets.set(option, secret.value)
  }
  return secrets
}

/** With schemes whose signature names no key, the request needs a token or the name of the integration. */
function identityHeaders({ scheme, token, integration }: SignOptions): SignedHeader[] {
  if (token === undefined && integration === undefined && /^(?:body|canonical)$/.test(scheme)) {
    throw new TypeError('give --token REFERENCE or --integration NAME, to say who signs')
  }
  if (token !== undefined && scheme === 'oauth1') {
    throw new TypeError(
      '--token cannot be used with oauth1, which needs the header Authorization for itself',
    )
  }
  if (integration !== undefined && !/^[!-~]+$/.test(integration)) {
    throw new TypeError('--integration must be a name that a header can carry')
  }
  const headers: SignedHeader[] = []
  if (token !== undefined) {
    headers.push({ name: 'Authorization', value: 'Bearer ', shellSuffix: expressionOf(token) })
  }
  if (integration !== undefined) headers.push({ name: 'X-Integration-Id', value: integration })
  return headers
}

/**
 * `env:NAME` as `$NAME`, `file:PATH` as `$(cat PATH)`.
 * @throws {TypeError} when a shell cannot expand the variable
 */
function expressionOf(reference: string): string {
  const name = reference.slice(reference.indexOf(':') + 1)
  if (reference.startsWith('env:')) {
    if (/^[A-Za-z_]\w*$/.test(name)) return `$${name}`
    throw new TypeError('--token: expected a variable that a shell can name')
  }
  const path = name.startsWith('-') ? `./${name}` : name
  return `$(cat ${/^[\w./-]+$/.test(path) ? path : shellQuote(path)})`
}
