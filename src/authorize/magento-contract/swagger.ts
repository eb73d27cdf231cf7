import { isObject } from '../../syntax/is-object.ts'
import { parseJson } from '../../syntax/parse-json.ts'

/** A schema of the document: the part of JSON Schema that Magento uses. */
export interface SwaggerSchema {
  readonly type?: string
  readonly $ref?: string
  readonly items?: SwaggerSchema
  readonly properties?: Readonly<Record<string, SwaggerSchema>>
  readonly required?: readonly string[]
}

/** A parameter of an operation. */
export interface SwaggerParameter extends Omit<SwaggerSchema, 'required'> {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema?: SwaggerSchema
}

/** What one method does at one path. */
export interface SwaggerOperation {
  readonly tags?: readonly string[]
  readonly parameters?: readonly SwaggerParameter[]
  /** By status. */
  readonly responses?: Readonly<Record<string, { readonly schema?: SwaggerSchema }>>
}

/** The Swagger 2.0 document of a shop (Magento: Webapi/Model/Rest/Swagger/Generator.php). */
export interface SwaggerDocument {
  readonly swagger: '2.0'
  readonly paths: Readonly<Record<string, Readonly<Record<string, SwaggerOperation>>>>
  readonly definitions?: Readonly<Record<string, SwaggerSchema>>
  /** Added by our command that fetches the document: the routes that a guest may call, as `GET /V1/path`. */
  readonly 'x-anonymous'?: readonly string[]
}

/**
 * Reads the document of a shop.
 * @returns undefined when the text is not such a document
 */
export function parseSwagger(text: string): SwaggerDocument | undefined {
  const document = parseJson(text)
  const { swagger, paths, definitions = {} } = (document ?? {}) as Record<string, unknown>
  // PHP writes an object without members as an empty array.
  const isDocument =
    swagger === '2.0' && isObject(definitions) && isObject(paths) && isEvery(paths, isPath)
  return isDocument ? (document as SwaggerDocument) : undefined
}

/** As deep as a document is read to find its operations; what is not there as expected further down is open. */
function isPath(path: unknown): boolean {
  return isObject(path) && isEvery(path, isOperation)
}

function isOperation(operation: unknown): boolean {
  if (!isObject(operation)) return false
  const { parameters = [] } = operation
  return Array.isArray(parameters) && parameters.every(isObject)
}

function isEvery(members: object, test: (member: unknown) => boolean): boolean {
  return Object.values(members).every(test)
}

/** The operations of a document, each with its route pattern, `GET /V1/products/:sku`. */
export function operationsOf(document: SwaggerDocument): [string, SwaggerOperation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, SwaggerOperation] => [
      `${method.toUpperCase()} ${path.replace(/\/$/, '').replace(/\{(\w+)\}/g, ':$1')}`,
      operation,
    ]),
  )
}
