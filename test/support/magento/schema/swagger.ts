import type { Route } from '../route.ts'
import { bodies, definitions } from './definitions.ts'

/**
 * The Swagger 2.0 document of the routes, in the form that Magento generates it (Magento:
 * Webapi/Model/Rest/Swagger/Generator.php): every operation takes and gives JSON and XML, 404 is
 * never told of, and nothing says that further members are not allowed.
 */
export function swaggerDocument(routes: readonly Route[], store: string | undefined) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    swagger: '2.0',
    info: { version: '', title: 'Magento Open Source' },
    host: 'magento.example',
    basePath: `/rest/${store ?? 'default'}`,
    schemes: ['http'],
    tags: [],
    paths,
    definitions,
  }
}

function operation({ method, path }: Route) {
  const operationId = method[0] + method.slice(1).toLowerCase() + operationName(path)
  const variables = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    type: 'string',
    required: true,
  }))
  const schema = bodies[`${method} ${path}`]
  const body = schema && {
    name: `${operationId}Body`,
    in: 'body',
    schema: { ...schema, xml: { name: 'request' } },
  }
  const error = { schema: { $ref: '#/definitions/error-response' } }
  const types = ['application/json', 'application/xml']
  return {
    tags: [path.split('/').slice(2, 4).join('/')],
    operationId,
    consumes: types,
    produces: types,
    parameters: body === undefined ? variables : [...variables, body],
    responses: {
      200: { description: '200 Success.' },
      401: { description: '401 Unauthorized', ...error },
      500: { description: 'Internal Server error', ...error },
      default: { description: 'Unexpected error', ...error },
    },
  }
}

/** `/V1/products/:sku` gives `V1ProductsSku`. */
function operationName(path: string): string {
  return path
    .split(/[/:-]+/)
    .filter(Boolean)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
}
