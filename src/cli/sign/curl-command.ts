/** One header of a signed request. */
export interface SignedHeader {
  readonly name: string
  readonly value: string
  /** A shell expression for the rest of the value, so that a secret is referred to rather than shown. */
  readonly shellSuffix?: string
}

/** What `sign` signs. */
export interface CommandRequest {
  readonly method: string
  readonly url: string
  /** The argument of curl's `--data-binary`; absent for a request without a body. */
  readonly bodyArgument?: string
}

/** Quotes text for a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** A signed request as a curl command. */
export function curlCommand(request: CommandRequest, headers: readonly SignedHeader[]): string {
  const parts = [`curl --path-as-is --globoff -X ${request.method} ${shellQuote(request.url)}`]
  for (const { name, value, shellSuffix } of headers) {
    const suffix = shellSuffix === undefined ? '' : `"${shellSuffix}"`
    parts.push(`-H ${shellQuote(`${name}: ${value}`)}${suffix}`)
  }
  if (request.bodyArgument !== undefined) {
    parts.push(`--data-binary ${shellQuote(request.bodyArgument)}`)
  }
  return parts.join(' \\\n  ')
}
