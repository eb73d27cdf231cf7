import { parseFormFields } from '../php/form-fields.ts'
import { rawUrlDecode } from '../php/url-decoding.ts'

/** What of a request is signed. */
export interface SignedRequest {
  readonly method: string
  /** Scheme, Host header as it came, raw target. */
  readonly url: string
  readonly authorization: string
  readonly contentType: string
  readonly body: string
}

/**
 * Names and values that are signed, `oauth_signature` among them: from the header, a form body and the
 * query. Undefined when the header has no OAuth in it: then nothing else is looked at.
 * Source: Magento: Framework/Oauth/Helper/Request.php.
 */
export function readOauthParameters(request: SignedRequest): Map<string, string> | undefined {
  const start = request.authorization.toLowerCase().indexOf('oauth ')
  if (start < 0) return undefined
  const parameters = new Map<string, string>()
  for (const part of request.authorization.slice(start + 'oauth '.length).split(',')) {
    const [name = '', ...value] = part.trim().split('=')
    if (value.length === 0 || !isProtocolParameter(name)) continue
    parameters.set(rawUrlDecode(name), rawUrlDecode(trimQuotes(value.join('='))))
  }
  addFormBody(parameters, request)
  addQuery(parameters, request.url)
  return parameters
}

function addFormBody(parameters: Map<string, string>, request: SignedRequest): void {
  if (!request.contentType.startsWith('application/x-www-form-urlencoded')) return
  for (const [name, value] of Object.entries(parseFormFields(request.body))) {
    if (typeof value === 'string' && !isProtocolParameter(name)) parameters.set(name, value)
  }
}

/** Only pairs with exactly one `=` count, the last of the same name wins, and `+` is no space. */
function addQuery(parameters: Map<string, string>, url: string): void {
  for (const pair of rawQuery(url).split('&')) {
    const [name = '', value, ...more] = pair.split('=')
    if (value === undefined || more.length > 0 || isProtocolParameter(name)) continue
    parameters.set(rawUrlDecode(name), rawUrlDecode(value))
  }
}

/** Not anchored, in Magento either: `my_oauth_x` is taken for one. */
function isProtocolParameter(name: string): boolean {
  return /oauth_[a-z_-]+/.test(name)
}

function trimQuotes(text: string): string {
  return text.replace(/^"+|"+$/g, '')
}

/** The query of a URL as it was sent, without `?` and fragment. */
export function rawQuery(url: string): string {
  return /^[^?#]*\?([^#]*)/.exec(url)?.[1] ?? ''
}
