import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { errorCode } from '../../contract/error-code.ts'
import { trimFieldSpace } from '../../syntax/headers.ts'
import { expansion, shellWords } from './shell-words.ts'
import { Unreadable } from './unreadable.ts'

/** The request that a curl command sends. */
export interface CurlRequest {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly rawTarget: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

/** The options of curl that affect the request, and those that affect only the transfer. */
const options = {
  request: { ...text, short: 'X' },
  header: { ...text, short: 'H', multiple: true },
  data: { ...text, short: 'd', multiple: true },
  'data-ascii': { ...text, multiple: true },
  'data-raw': { ...text, multiple: true },
  'data-binary': { ...text, multiple: true },
  json: { ...text, multiple: true },
  url: { ...text, multiple: true },
  'user-agent': { ...text, short: 'A' },
  cookie: { ...text, short: 'b' },
  referer: { ...text, short: 'e' },
  output: { ...text, short: 'o' },
  'write-out': { ...text, short: 'w' },
  'max-time': { ...text, short: 'm' },
  'connect-timeout': text,
  cacert: text,
  cert: { ...text, short: 'E' },
  key: text,
  resolve: text,
  head: { ...flag, short: 'I' },
  silent: { ...flag, short: 's' },
  'show-error': { ...flag, short: 'S' },
  fail: { ...flag, short: 'f' },
  'fail-with-body': flag,
  verbose: { ...flag, short: 'v' },
  include: { ...flag, short: 'i' },
  insecure: { ...flag, short: 'k' },
  location: { ...flag, short: 'L' },
  globoff: { ...flag, short: 'g' },
  'no-buffer': { ...flag, short: 'N' },
  compressed: flag,
  'path-as-is': flag,
  'http1.1': flag,
} as const

/** The time that `parseArgs` takes grows with their square. */
const mostArguments = 1_000

const urlForm = /^(https?):\/\/([^/?#\s@]+)(\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/i
/** In these headers a shell variable does no harm: their values are not signed here and never shown. */
const mayBeExpanded = /^(?:authorization|cookie)$/i

/**
 * Reads the request from a curl command, as a shell and curl would. The environment is not read, so variables may occur
 * only in `Authorization` and `Cookie`.
 * @throws {Unreadable} for anything that is not understood
 */
export function readCurlLine(line: string): CurlRequest {
  const [command, ...args] = shellWords(line)
  if (command === undefined) throw new Unreadable('standard input holds no curl command')
  if (!/(?:^|\/)curl$/.test(command)) throw new Unreadable('the command is not curl')
  if (args.length > mostArguments)
    throw new Unreadable(`more than ${mostArguments} arguments of curl`)
  const { values, positionals, tokens } = parseCurl(args)
  const urls = [...positionals, ...(values.url ?? [])]
  const [url = ''] = urls
  if (urls.length !== 1) throw new Unreadable(`${urls.length} URLs, expected one`)
  const [, , authority, path = '/', query = ''] = urlForm.exec(url) ?? []
  if (authority === undefined || url.includes(expansion)) {
    throw new Unreadable('the URL must be absolute, http or https, without a user, and written out')
  }
  checkUnchanged(path, query, values)
  const body = bodyOf(tokens)
  if (values.head && body !== undefined) throw new Unreadable('curl refuses --head with a body')
  const method = values.request ?? (values.head ? 'HEAD' : body === undefined ? 'GET' : 'POST')
  if (!/^[A-Za-z]+$/.test(method)) throw new Unreadable('the method is no word')
  return {
    method,
    rawTarget: path + query,
    rawHeaders: headersOf(values, authority, body?.length),
    body: body ?? Buffer.alloc(0),
  }
}

function parseCurl(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, tokens: true })
  } catch (error) {
    throw new Unreadable(`curl: ${error instanceof Error ? error.message : ''}`)
  }
}

type ParsedCurl = ReturnType<typeof parseCurl>

/** @throws {Unreadable} if curl would send another target than the one that is written */
function checkUnchanged(path: string, query: string, values: ParsedCurl['values']): void {
  if (/[^!-~]/.test(path + query)) {
    throw new Unreadable('curl encodes or refuses a character of the URL: percent-encode it')
  }
  if (!values.globoff && /[[\]{}]/.test((path + query).replaceAll('[]', ''))) {
    throw new Unreadable(
      'curl reads brackets and braces in the URL as a pattern, but with --globoff',
    )
  }
  if (!values['path-as-is'] && /\/\.{1,2}(?:\/|$)/.test(path)) {
    throw new Unreadable('curl removes . and .. from the path of the URL, but with --path-as-is')
  }
}

/** @param bodyBytes undefined if there is no body */
function headersOf(
  values: ParsedCurl['values'],
  authority: string,
  bodyBytes: number | undefined,
): string[] {
  const fields = (values.header ?? []).map(readHeader)
  const given = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]))
  const own: [string, string | undefined][] = [
    ['Host', authority],
    ['User-Agent', values['user-agent']],
    ['Cookie', values.cookie],
    ['Referer', values.referer],
    ['Content-Type', contentTypeOf(values, bodyBytes !== undefined)],
    // curl would send a body in chunks.
    ['Content-Length', given.get('transfer-encoding') ? undefined : bodyBytes?.toString()],
    ['Accept', values.json === undefined ? '*/*' : 'application/json'],
  ]
  return [...own.filter(([name]) => !given.has(name.toLowerCase())), ...fields].flatMap(
    ([name, value]) => (value === undefined ? [] : [name, value]),
  )
}

function contentTypeOf({ json }: ParsedCurl['values'], hasBody: boolean): string | undefined {
  if (json !== undefined) return 'application/json'
  return hasBody ? 'application/x-www-form-urlencoded' : undefined
}

/** Reads `Name: value`. In curl, `Name:` removes a header and `Name;` sends it empty. */
function readHeader(header: string): [name: string, value: string | undefined] {
  const [, name, rest] = /^([!#$%&'*+.^_`|~\w-]+)(?:;|:(.*))$/s.exec(header) ?? []
  if (name === undefined) throw new Unreadable('a header is not of the form "Name: value"')
  if (rest === undefined) return [name, '']
  const value = trimFieldSpace(rest)
  if (/[\r\n]/.test(value)) throw new Unreadable(`the header ${name} has a line break`)
  if (value.includes(expansion) && !mayBeExpanded.test(name)) {
    throw new Unreadable(`the header ${name} is a shell expression: give its value`)
  }
  return [name, value === '' ? undefined : value]
}

/** Joins the pieces of the body in order; undefined if there are none. */
function bodyOf(tokens: ParsedCurl['tokens']): Buffer | undefined {
  let body: Buffer | undefined
  for (const token of tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue
    if (!/^(?:data|json)/.test(token.name)) continue
    const piece = readData(token.name, token.value)
    const joint = body === undefined || token.name === 'json' ? '' : '&'
    body = Buffer.concat([body ?? Buffer.alloc(0), Buffer.from(joint), piece])
  }
  return body
}

function readData(option: string, value: string): Buffer {
  if (value.includes(expansion)) {
    throw new Unreadable(`--${option} holds a shell expression: give its value, or @FILE`)
  }
  if (!value.startsWith('@') || option === 'data-raw') return Buffer.from(value)
  const content = readDataFile(value.slice(1))
  // curl strips line breaks from a file unless it is read as binary.
  const isText = option === 'data' || option === 'data-ascii'
  return isText ? Buffer.from(content.filter((byte) => ![0, 10, 13].includes(byte))) : content
}

function readDataFile(file: string): Buffer {
  if (file === '-') throw new Unreadable('the body is on standard input: give it as @FILE')
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Unreadable(`the file ${file} of the body cannot be read (${errorCode(error)})`)
  }
}
