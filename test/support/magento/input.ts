import { badRequest } from './magento-error.ts'
import { parseFormFields } from './php/form-fields.ts'
import type { ReceivedRequest } from './received-log.ts'

/** What a service is called with: body, query and path as Magento merges them. */
export type Input = Readonly<Record<string, unknown>>

/** The value of a header, by its lower-case name. */
export function headerOf(request: ReceivedRequest, name: string): string | undefined {
  const at = request.rawHeaders.findIndex(
    (each, index) => index % 2 === 0 && each.toLowerCase() === name,
  )
  return at < 0 ? undefined : request.rawHeaders[at + 1]
}

/** The query as PHP reads it. */
export function queryOf(request: ReceivedRequest): Input {
  const mark = request.rawTarget.indexOf('?')
  return mark < 0 ? {} : parseFormFields(request.rawTarget.slice(mark + 1))
}

/** The JSON body of a write; an array for bulk requests. */
export function bodyOf(request: ReceivedRequest): unknown {
  const { body } = request
  if (body.length === 0) return {}
  const type = headerOf(request, 'content-type')
  if (!type) throw badRequest('Content-Type header is empty.')
  const [, mediaType, charset] = /^([a-z\d/\-+.]+)(?:; *charset=(.+))?$/i.exec(type) ?? []
  if (mediaType === undefined) throw badRequest('Content-Type header is invalid.')
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
    throw badRequest('UTF-8 is the only supported charset.')
  }
  if (mediaType !== 'application/json') {
    throw badRequest('Server cannot understand Content-Type HTTP header media type %1', [mediaType])
  }
  try {
    return JSON.parse(body.toString('utf8')) ?? {}
  } catch {
    throw badRequest('Decoding error: %1', ['Syntax error'])
  }
}

/**
 * Merges as Magento does: the query overrides the body, the path overrides both.
 * Source: Magento: Framework/Webapi/Rest/Request.php, getRequestData.
 */
export function mergedInput(
  request: ReceivedRequest,
  variables: Readonly<Record<string, string>>,
): Input {
  const takesBody = request.method === 'POST' || request.method === 'PUT'
  const body = takesBody ? bodyOf(request) : {}
  const members = typeof body === 'object' && body !== null ? body : { 0: body }
  return { ...members, ...queryOf(request), ...variables }
}

/** A top-level parameter by its camel-case name, in either of the spellings that Magento takes. */
export function parameter(input: Input, name: string): unknown {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return input[name] ?? input[snake]
}

/** An object parameter; throws what Magento says of one that is missing. */
export function objectParameter(input: Input, name: string): Record<string, unknown> {
  const value = parameter(input, name)
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw badRequest('"%fieldName" is required. Enter and try again.', { fieldName: name })
}
