import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type {
  SwaggerDocument,
  SwaggerOperation,
} from '../../src/authorize/magento-contract/swagger.ts'
import { compareSchemas } from '../../src/cli/magento/compare-schemas.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { temporaryFolder } from '../support/shared.ts'

type Properties = Readonly<Record<string, { readonly type: string }>>

function save(properties: Properties, required: readonly string[] = []): SwaggerOperation {
  const schema = { type: 'object', required, properties }
  return { parameters: [{ name: 'body', in: 'body', schema }] }
}

function document(paths: SwaggerDocument['paths'], sku = 'string'): SwaggerDocument {
  const definitions = {
    product: {
      type: 'object',
      properties: { sku: { type: sku }, parent: { $ref: '#/definitions/product' } },
    },
  }
  return { swagger: '2.0', paths, definitions }
}

const read: SwaggerOperation = {
  tags: ['products/{sku}'],
  parameters: [{ name: 'fields', in: 'query', type: 'string' }],
  responses: { 200: { schema: { $ref: '#/definitions/product' } } },
}
const sku = { type: 'string' }
const old = document({
  '/V1/products/{sku}': { get: read, delete: {} },
  '/V1/products': { post: save({ sku }) },
})

async function diff(next: SwaggerDocument, routes?: readonly unknown[]) {
  const folder = await temporaryFolder()
  const files = [join(folder, 'old.json'), join(folder, 'new.json')]
  await Promise.all(
    [old, next].map((each, index) => writeFile(files[index] ?? '', JSON.stringify(each))),
  )
  await using config = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'audit.jsonl'),
    integrations: { globex: { ...globex, policies: { routes } } },
  })
  const options = routes === undefined ? [] : ['--config', config.path]
  const { stdout, exitCode } = await runHosted(['magento', 'diff', ...files, ...options], testEnv)
  return { lines: stdout.trimEnd().split('\n'), exitCode }
}

describe('magento diff', () => {
  const both = { '/V1/products/{sku}': { get: read, delete: {} } }
  const cases: [string, SwaggerDocument, string][] = [
    [
      'an operation that is gone',
      document({
        '/V1/products/{sku}': { get: read },
        '/V1/products': old.paths['/V1/products'] ?? {},
      }),
      'breaking: DELETE /V1/products/:sku: the operation is gone',
    ],
    [
      'a member of a body that is gone',
      document({ ...both, '/V1/products': { post: save({}) } }),
      'breaking: POST /V1/products body.sku: it is gone',
    ],
    [
      'a member that has another type',
      document({ ...both, '/V1/products': { post: save({ sku: { type: 'integer' } }) } }),
      'breaking: POST /V1/products body.sku: its type was string and is integer',
    ],
    [
      'a member that is required now',
      document({ ...both, '/V1/products': { post: save({ sku }, ['sku']) } }),
      'breaking: POST /V1/products body.sku: it is required now',
    ],
    [
      'a parameter that is gone',
      document({
        ...old.paths,
        '/V1/products/{sku}': { get: { ...read, parameters: [] }, delete: {} },
      }),
      'breaking: GET /V1/products/:sku query fields: it is gone',
    ],
    [
      'an answer that has another type within',
      document(old.paths, 'integer'),
      'breaking: GET /V1/products/:sku answer.sku: its type was string and is integer',
    ],
  ]
  for (const [name, next, line] of cases) {
    test(`names ${name}`, () => {
      const changes = compareSchemas(old, next)
      assert.deepEqual(
        changes.map(({ isBreaking, route, place, what }) => {
          return `${isBreaking ? 'breaking' : 'added'}: ${[route, place].join(' ').trim()}: ${what}`
        }),
        [line],
      )
    })
  }

  test('names a variable of a path, and the elements of a list in the query, that have another type', () => {
    const orders = (id: string, skus: string) => {
      const inPath = { name: 'id', in: 'path', type: id, required: true }
      const inQuery = { name: 'skus', in: 'query', type: 'array', items: { type: skus } }
      return document({ '/V1/orders/{id}': { get: { parameters: [inPath, inQuery] } } })
    }
    const changes = compareSchemas(orders('string', 'integer'), orders('integer', 'string'))
    assert.deepEqual(
      changes.map(({ place, what, isBreaking }) => [place, what, isBreaking]),
      [
        ['path :id', 'its type was string and is integer', true],
        ['query skus[]', 'its type was integer and is string', true],
      ],
    )
  })

  test('names an answer that is gone as breaking, and one that is new as added', () => {
    const answering = document({ '/V1/products/{sku}': { get: read } })
    const silent = document({ '/V1/products/{sku}': { get: { ...read, responses: {} } } })
    const told = (before: SwaggerDocument, after: SwaggerDocument) =>
      compareSchemas(before, after).map(({ place, what, isBreaking }) => [place, what, isBreaking])
    assert.deepEqual(told(answering, silent), [['answer', 'it is gone', true]])
    assert.deepEqual(told(silent, answering), [['answer', 'it is new', false]])
  })

  test('names a parameter that is required now, and no member of an answer that is', () => {
    const orders = (required: boolean) => {
      const schema = { type: 'object', properties: { sku }, ...(required && { required: ['sku'] }) }
      const parameters = [{ name: 'id', in: 'query', type: 'string', required }]
      return document({ '/V1/orders': { get: { parameters, responses: { 200: { schema } } } } })
    }
    const [change, ...others] = compareSchemas(orders(false), orders(true))
    assert.deepEqual(change, {
      route: 'GET /V1/orders',
      place: 'query id',
      what: 'it is required now',
      isBreaking: true,
    })
    assert.deepEqual(others, [])
  })

  test('names every member whose place a definition has taken', () => {
    const items = (qty: object, price: object) => {
      const properties = { qty, price } as Properties
      return document({ '/V1/items': { post: save(properties) } })
    }
    const product = { $ref: '#/definitions/product' }
    const changes = compareSchemas(items({ type: 'number' }, sku), items(product, product))
    assert.deepEqual(changes.map(({ place, what }) => `${place}: ${what}`).toSorted(), [
      'body.price: its type was string and is object',
      'body.qty: its type was number and is object',
    ])
  })

  test('exits with 0 where things are only new, else with 1, and tells breaking ones first', async () => {
    const wider = document({
      ...both,
      '/V1/orders': { get: {} },
      '/V1/products': { post: save({ sku, qty: sku }) },
    })
    const added = await diff(wider)
    assert.equal(added.exitCode, 0)
    assert.equal(added.lines.at(-1), '2 change(s), 0 breaking')
    const mixed = await diff(
      document({ '/V1/orders': { get: {} }, '/V1/products': { post: save({ sku, qty: sku }) } }),
    )
    assert.equal(mixed.exitCode, 1)
    assert.deepEqual(
      mixed.lines.map((line) => line.split(':')[0]),
      ['breaking', 'breaking', 'added', 'added', '4 change(s), 2 breaking'],
    )
  })

  test('looks at granted routes only with a configuration, whatever their variables are called', async () => {
    const next = document({ '/V1/products': { post: save({}) } })
    const { lines } = await diff(next, ['GET /V1/products/:id'])
    assert.deepEqual(lines, [
      'breaking: GET /V1/products/:sku: the operation is gone',
      '1 change(s), 1 breaking',
    ])
    const tagged = await diff(next, [{ tag: 'products/{sku}' }])
    assert.deepEqual(tagged.lines, lines)
    const oneValue = await diff(next, ['GET /V1/products/24-MB01'])
    assert.deepEqual(oneValue.lines, lines)
    const none = await diff(next, ['GET /V1/orders/:id'])
    assert.equal(none.exitCode, 0)
    const bulk = await diff(next, [
      'POST /async/bulk/V1/products',
      'DELETE /async/bulk/V1/products/bySku',
    ])
    assert.equal(bulk.lines.at(-1), '2 change(s), 2 breaking')
  })

  test('shows no control characters of a schema, which a terminal would obey', async () => {
    const next = document({ ...old.paths, '/V1/a\u001b[2J\n\u009b\u202eb': { get: {} } })
    const { lines } = await diff(next)
    assert.deepEqual(lines, [
      'added: GET /V1/a?[2J???b: the operation is new',
      '1 change(s), 0 breaking',
    ])
  })

  test('says which file is no schema', async () => {
    const { stderr, exitCode } = await runCommand(['magento', 'diff', '/dev/null', '/dev/null'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /\/dev\/null: expected the Swagger 2\.0 document/)
    const gone = await runHosted(['magento', 'diff', '/nowhere', '/dev/null'])
    assert.match(gone.stderr, /\/nowhere: expected a readable file \(ENOENT\)/)
  })
})

test('check says which granted routes the schema does not have, and which guests may call', async () => {
  await using config = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'audit.jsonl'),
    integrations: {
      globex: {
        ...globex,
        policies: {
          routes: [
            'GET /V1/products/:id',
            'GET /V1/products/24-MB01',
            'DELETE /async/bulk/V1/products/bySku',
            'DELETE /async/bulk/V1/products/bysku',
            'POST /async/V1/products',
            'GET /V1/nothing',
            'GET /V1/magefine/inventaire/:product',
            { tag: 'second' },
          ],
        },
      },
    },
    magentoSchema: {
      ...old,
      paths: { ...old.paths, '/V2/products': { get: { ...read, tags: ['second'] } } },
      'x-anonymous': ['GET /V1/products/:sku'],
    },
  })
  const { stdout, exitCode } = await runHosted(['check', '--config', config.path], testEnv)
  assert.equal(exitCode, 0)
  assert.deepEqual(stdout.trimEnd().split('\n').slice(2), [
    'globex-pim: GET /V1/products/:id may be called by guests in Magento',
    'globex-pim: GET /V1/products/24-MB01 may be called by guests in Magento',
    'globex-pim: DELETE /async/bulk/V1/products/bysku is not in the schema of the shop',
    'globex-pim: GET /V1/nothing is not in the schema of the shop',
    'globex-pim: GET /V2/products is not passed on, since it is not below /V1',
  ])
})

test('check says that a schema which was not pulled does not tell what guests may call', async () => {
  await using config = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'audit.jsonl'),
    integrations: { globex: { ...globex, policies: { routes: ['POST /V1/products'] } } },
    magentoSchema: old,
  })
  const { stdout, exitCode } = await runHosted(['check', '--config', config.path], testEnv)
  assert.equal(exitCode, 0)
  assert.equal(
    stdout.split('\n')[1],
    'magento/schema.json does not say which routes guests may call; magento pull asks for that',
  )
})
