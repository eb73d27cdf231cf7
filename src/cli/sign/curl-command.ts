/** One header of a signed request. */
export interface SignedHeader {
  readonly name: string
  readonly value: string
  /** A shell expression for the rest of the value, so that a secret is referred to rather than shown. */
  readonly shellSuffix?: string
}

/** What the command sends. */
export interface CommandRequest {
  readonly method: string
  readonly url: string
  /** The body as text; it is in the file if there is one. */
  readonly body?: string | undefined
  readonly bodyFile?: string | undefined
}

/** Quotes text for a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** A signed request as a curl command. */
export function curlCommand(request: CommandRequest, headers: readonly SignedHeader[]): string {
  const { method, url, body, bodyFile } = request
  const hasBody = bodyFile !== undefined || Boolean(body)
  // With -X HEAD, curl waits for the content that Content-Length announces. With a body, curl refuses --head.
  const option = method === 'HEAD' && !hasBody ? '--head' : `-X ${method}`
  const parts = [`curl --path-as-is --globoff ${option} ${shellQuote(url)}`]
  for (const { name, value, shellSuffix } of headers) {
    const suffix = shellSuffix === undefined ? '' : `"${shellSuffix}"`
    parts.push(`-H ${shellQuote(`${name}: ${value}`)}${suffix}`)
  }
  if (bodyFile !== undefined) {
    // curl takes @- for standard input.
    parts.push(`--data-binary ${shellQuote(`@${bodyFile === '-' ? './-' : bodyFile}`)}`)
  } else if (body) {
    // With the other options of curl, a text that begins with @ is the name of a file.
    parts.push(`--data-raw ${shellQuote(body)}`)
  }
  return parts.join(' \\\n  ')
}
