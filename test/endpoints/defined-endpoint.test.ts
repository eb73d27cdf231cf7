import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type JobsGateway, startJobsGateway } from '../jobs/jobs-gateway.ts'
import { globex, startGateway, type TestGateway } from '../support/gateway.ts'
import {
  type ClientAnswer,
  globexHeaders,
  problemOf,
  send,
  writeOf,
} from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { shared } from '../support/shared.ts'

const integration = {
  ...globex,
  policies: {
    routes: [
      'PUT /V1/erp/articles/:number',
      'GET /V1/erp/articles/:number',
      'POST /V1/erp/articles',
      'POST /V1/erp/lines',
    ],
  },
}
const endpoints = {
  'show-article': {
    route: 'GET /V1/erp/articles/:number',
    summary: 'An article, as the ERP calls it',
    call: { route: 'GET /V1/products/:number', fields: 'sku,name,price' },
    answer: '{ "number": sku, "title": $uppercase(name), "net": $round(price / 1.2, 2) }',
  },
  'rename-article': {
    route: 'PUT /V1/erp/articles/:number',
    request: 'article.json',
    call: {
      route: 'PUT /V1/products/:number',
      body: '{ "product": { "sku": variables.number, "name": body.title } }',
    },
    answer: '{ "done": true, "title": name, "was": $request.body.title }',
  },
  'make-article-later': {
    route: 'POST /V1/erp/articles',
    call: { route: 'POST /async/V1/products', body: '{ "product": { "sku": body.number } }' },
    answer: '{ "taken": $count(request_items) }',
  },
  'order-lines': {
    route: 'POST /V1/erp/lines',
    call: {
      route: 'POST /async/V1/products',
      body: '{ "product": { "sku": "A" }, "lines": [body.lines.{ "sku": sku }] }',
    },
    answer: '$request.body',
  },
}
const schemas = {
  'article.json': {
    type: 'object',
    properties: {
      title: { type: 'string', minLength: 1 },
      link: { type: 'string', format: 'url' },
    },
    required: ['title'],
    additionalProperties: false,
  },
}

const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    integrations: [integration],
    endpoints,
    schemas,
  }),
)

function put(body: object, url = gateway.url): Promise<ClientAnswer> {
  return send(url, writeOf(body, { method: 'PUT', path: '/rest/V1/erp/articles/A%2FB' }))
}

test('maps an answer of Magento', async () => {
  const { status, body } = await send(gateway.url, {
    path: '/rest/V1/erp/articles/A%2FB',
    headers: globexHeaders,
  })
  assert.equal(status, 200, body)
  assert.deepEqual(JSON.parse(body), { number: 'A/B', title: 'ADAPTER A TO B', net: 4.58 })
  assert.match(String(magento.received.at(-1)?.rawTarget), /\?fields=sku%2Cname%2Cprice$/)
})

test('maps a request, and holds it against its schema first', async () => {
  const { status, body } = await put({ title: 'Adapter' })
  assert.equal(status, 200, body)
  assert.deepEqual(JSON.parse(body), { done: true, title: 'Adapter', was: 'Adapter' })
  const before = magento.received.length
  assert.equal(problemOf(await put({ title: '' })).code, 'invalid-body')
  assert.equal(magento.received.length, before)
})

test('changes nothing of the body that it maps', async () => {
  const lines = { lines: [[], { sku: 'A' }] }
  const answer = await send(gateway.url, writeOf(lines, { path: '/rest/V1/erp/lines' }))
  assert.deepEqual(JSON.parse(answer.body), lines)
})

test('lists what is wrong with a body, and of a long one only the first', async () => {
  const placesOf = async (title: string) => {
    const { errors } = problemOf(await put({ title, net: 1, gross: 1 }))
    return (errors as readonly unknown[]).length
  }
  assert.equal(await placesOf(''), 3)
  assert.equal(await placesOf('x'.repeat(16_384)), 1)
})

test('takes no text for a URL that is longer than any', async () => {
  const statusOf = async (link: string) => (await put({ title: 'Adapter', link })).status
  const url = 'https://shop.example/'
  assert.equal(await statusOf(url.padEnd(2_048, 'a')), 200)
  assert.equal(await statusOf(url.padEnd(2_049, 'a')), 400)
})

test('maps the answer to what Magento has taken for later', async () => {
  const { status, body } = await send(
    gateway.url,
    writeOf('{"number":"later"}', { path: '/rest/V1/erp/articles' }),
  )
  assert.equal(status, 202, body)
  assert.deepEqual(JSON.parse(body), { taken: 1 })
})

test("passes on what Magento refuses, in Magento's own words", async () => {
  const { status, body } = await send(gateway.url, {
    path: '/rest/V1/erp/articles/gone',
    headers: globexHeaders,
  })
  assert.equal(status, 404)
  assert.match((JSON.parse(body) as { message: string }).message, /doesn't exist/)
})

test('passes an answer of Magento on in its bytes, with when to come again', async () => {
  await using upstream = await startRawUpstream((socket, request) => {
    const isRead = request.startsWith('GET ')
    answerWith(socket, {
      status: isRead ? '200 OK' : '429 Too Many Requests',
      headers: { 'Content-Type': 'application/json', ...(!isRead && { 'Retry-After': '7' }) },
      body: '{"price": 1.50, "id": 12345678901234567890}',
    })
  })
  const { answer: _, ...unmapped } = endpoints['show-article']
  await using plain = await startGateway({
    magentoUrl: upstream.url,
    integrations: [integration],
    endpoints: { ...endpoints, 'show-article': unmapped },
    schemas,
  })
  const path = '/rest/V1/erp/articles/A'
  const read = await send(plain.url, { path, headers: globexHeaders })
  assert.deepEqual([read.status, read.body], [200, '{"price": 1.50, "id": 12345678901234567890}'])
  const refused = await put({ title: 'Adapter' }, plain.url)
  assert.deepEqual([refused.status, refused.body], [429, read.body])
  assert.equal(refused.headers['retry-after'], '7')
})

test('stands in the document of who may call it, with its schema', async () => {
  const { body } = await send(gateway.url, { path: '/openapi.json', headers: globexHeaders })
  const { paths } = JSON.parse(body) as { paths: Record<string, Record<string, unknown>> }
  const later = paths['/rest/V1/erp/articles']?.post as { readonly responses: object }
  assert.deepEqual(Object.keys(later.responses), ['202', '400', 'default'])
  const { put: operation } = paths['/rest/V1/erp/articles/{number}'] ?? {}
  assert.deepEqual((operation as Record<string, unknown>).requestBody, {
    required: true,
    content: { 'application/json': { schema: schemas['article.json'] } },
  })
})

for (const variable of ['sku', 'number']) {
  test(`a file with the route of an endpoint of the gateway takes its place, by :${variable}`, async () => {
    await using own = await startGateway({
      magentoUrl: magento.url,
      integrations: [
        { ...integration, policies: { routes: ['GET /V1/magefine/inventaire/:sku'] } },
      ],
      endpoints: {
        own: {
          ...endpoints['show-article'],
          route: `GET /V1/magefine/inventaire/:${variable}`,
          call: { route: `GET /V1/products/:${variable}` },
        },
      },
    })
    const { body } = await send(own.url, {
      path: '/rest/V1/magefine/inventaire/A%2FB',
      headers: globexHeaders,
    })
    assert.equal((JSON.parse(body) as Record<string, unknown>).number, 'A/B')
  })
}

test('an answer that its mapping comes to nothing for is null', async () => {
  await using own = await startGateway({
    magentoUrl: magento.url,
    integrations: [integration],
    endpoints: { 'rename-article': { ...endpoints['rename-article'], answer: 'nothing' } },
    schemas,
  })
  const { status, body } = await put({ title: 'Written' }, own.url)
  assert.deepEqual([status, body], [200, 'null'])
})

describe('an expression that fails', () => {
  let own: TestGateway
  before(async () => {
    own = await startGateway({
      magentoUrl: magento.url,
      integrations: [integration],
      endpoints: {
        'show-article': { ...endpoints['show-article'], answer: '{ "price": $sum }' },
        'rename-article': { ...endpoints['rename-article'], answer: '$number(name)' },
      },
      schemas,
    })
  })
  after(() => own[Symbol.asyncDispose]())

  test('after a write does not look like a failed write', async () => {
    const { status, body } = await put({ title: 'Written' }, own.url)
    assert.equal(status, 200)
    const { code, message } = JSON.parse(body) as Record<string, unknown>
    assert.equal(code, 'answer-not-mapped')
    assert.match(String(message), /has carried it out/)
    const { body: product } = await send(gateway.url, {
      path: '/rest/V1/erp/articles/A%2FB',
      headers: globexHeaders,
    })
    assert.equal((JSON.parse(product) as Record<string, unknown>).title, 'WRITTEN')
  })

  test('by coming to a function shows nothing of it', async () => {
    const answer = await send(own.url, {
      path: '/rest/V1/erp/articles/A%2FB',
      headers: globexHeaders,
    })
    assert.equal(problemOf(answer).code, 'internal-error')
    assert.doesNotMatch(answer.body, /jsonata/)
  })
})

test('as a job it may be sent again where the call to Magento may be, whatever its own method is', async () => {
  const body = '{ "product": { "sku": "24-MB01", "name": body.title } }'
  await using jobs = await startJobsGateway(
    magento.url,
    {},
    {
      endpoints: {
        posts: { route: 'PUT /V1/products/:sku', call: { route: 'POST /V1/products', body } },
        puts: {
          route: 'POST /V1/products',
          call: { route: 'PUT /V1/products/24-MB01', body },
          answer: '$number(name)',
        },
      },
    },
  )
  const ended = async (method: string, path: string) => {
    let calls = 0
    await magento.setFault({ kind: 'reset' }, () => {
      calls += 1
      return calls === 1
    })
    const job = await jobs.ended(await jobs.write({ method, path, body: { title: 'Bag' } }))
    await magento.clearFault()
    return job
  }
  const post = await ended('PUT', '/rest/V1/products/A%2FB')
  assert.deepEqual([post.state, post.attempts], ['failed', 1])
  const put = await ended('POST', '/rest/V1/products')
  // What could not be mapped is done all the same.
  assert.deepEqual([put.state, put.attempts], ['done', 2])
  assert.equal((put.answer?.body as { code?: string } | undefined)?.code, 'answer-not-mapped')
})

test('a body that its mapping fails for is refused, and the record tells why', async () => {
  const route = 'PUT /V1/erp/articles/:number'
  const body = '{ "product": { "name": $uppercase(body.title), "more": $lookup(body, "more") } }'
  await using own = await startGateway({
    magentoUrl: magento.url,
    integrations: [integration],
    endpoints: { own: { route, call: { route: 'PUT /V1/products/:number', body } } },
  })
  const from = magento.received.length
  // The last two have what JSONata takes for marks of functions of its own.
  for (const [more, code] of [
    [{ title: 5 }, 'T0410'],
    [{ title: 'a', more: { _jsonata_function: true } }, 'TypeError'],
    [{ title: 'a', more: { _jsonata_lambda: true, thunk: true, body: {} } }, 'TypeError'],
    [{ title: 'a', more: Array(10_001).fill(1) }, 'D2015'],
  ] as const) {
    const refused = problemOf(await put(more, own.url))
    assert.deepEqual([refused.status, refused.code], [400, 'invalid-body'])
    const advice = code === 'D2015' ? /Send it in parts/ : /does not have the form/
    assert.match(String(refused.detail), advice)
    const records = await own.auditRecords(1)
    assert.equal(records.at(-1)?.reason, `the mapping of the body fails: ${code}`)
  }
  assert.equal(magento.received.length, from)
})

test('its variables stand for no other route of Magento', async () => {
  for (const number of ['attributes', 'type%73']) {
    const from = magento.received.length
    const answer = await send(gateway.url, {
      path: `/rest/V1/erp/articles/${number}`,
      headers: globexHeaders,
    })
    assert.equal(problemOf(answer).code, 'route-not-granted')
    assert.equal(magento.received.length, from)
  }
})

test('a body that its mapping makes an attack of is refused as one', async () => {
  const route = 'POST /V1/erp/buyers'
  const body =
    '{ "customer": $merge([{ "id": 5, "lastname": body.first & body.last }, body.more]) }'
  await using own = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...integration, policies: { routes: [route] } }],
    endpoints: { buyers: { route, call: { route: 'POST /V1/customers', body } } },
  })
  const buy = (body: object) => send(own.url, writeOf(body, { path: '/rest/V1/erp/buyers' }))
  const from = magento.received.length
  for (const attack of [{ more: { _id: 7 } }, { first: '{', last: '{var this}}' }]) {
    assert.equal(problemOf(await buy(attack)).code, 'attack-refused')
  }
  assert.equal(magento.received.length, from)
  await buy({ first: 'Ann', last: '{}' })
  assert.equal(magento.received.length, from + 1)
})

test('what is sent is what was checked, also where its mapping comes to something else each time', async () => {
  const route = 'POST /V1/erp/buyers'
  const body = '{ "customer": { "lastname": $random() < 0.5 ? "{{var this}}" : "Ann" } }'
  await using own = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...integration, policies: { routes: [route] } }],
    endpoints: { buyers: { route, call: { route: 'POST /V1/customers', body } } },
  })
  const from = magento.received.length
  // If it were computed again, one in four would be sent with the other name.
  for (let count = 0; count < 50; count += 1) {
    await send(own.url, { method: 'POST', path: '/rest/V1/erp/buyers', headers: globexHeaders })
  }
  const sent = magento.received.slice(from).map((request) => request.body.toString())
  assert.deepEqual(new Set(sent), new Set(['{"customer":{"lastname":"Ann"}}']))
})

test('a body that its mapping gives the name of a variable of the call is refused', async () => {
  const route = 'PUT /V1/erp/orders/:number'
  const call = { route: 'PUT /V1/carts/:number/order', body: 'body' }
  await using own = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...integration, policies: { routes: [route] } }],
    endpoints: { own: { route, call } },
  })
  const order = (body: object) =>
    send(own.url, writeOf(body, { method: 'PUT', path: '/rest/V1/erp/orders/5' }))
  const from = magento.received.length
  assert.equal(problemOf(await order({ cart_id: 6 })).code, 'attack-refused')
  assert.equal(magento.received.length, from)
  await order({ paymentMethod: { method: 'free' } })
  assert.equal(magento.received.length, from + 1)
})

describe('that calls a route of tokens', () => {
  let jobs: JobsGateway
  before(async () => {
    const routes = ['POST /V1/erp/sessions/:kind', 'DELETE /V1/erp/sessions/:kind']
    const policies = { routes, sensitiveRoutes: { perSubject: '2/min' } }
    const called = ['POST /V1/integration/customer/token', 'POST /V1/integration/:kind/token']
    const body = '{ "username": body.login, "password": body.pin }'
    jobs = await startJobsGateway(
      magento.url,
      {},
      {
        integrations: [{ ...integration, policies }],
        endpoints: Object.fromEntries(
          routes.map((route, at) => [
            `sign-in-${at}`,
            { route, call: { route: called[at], body } },
          ]),
        ),
      },
    )
  })
  after(() => jobs[Symbol.asyncDispose]())

  const sessions = '/rest/V1/erp/sessions/customer'
  const guess = (login: string, method: string, headers = {}) =>
    jobs.write({ method, path: sessions, headers, body: { login, pin: 'guessed' } })

  test('is held to the rate of the account that its call names, and never becomes a job', async () => {
    const from = magento.received.length
    for (const method of ['POST', 'DELETE']) {
      const { status, body } = await guess('ann', method)
      assert.equal(status, 401, body)
    }
    assert.equal(problemOf(await guess('Ann', 'POST')).code, 'rate-limited')
    assert.equal((await guess('bob', 'POST')).status, 401)
    const paths = magento.received.slice(from).map(({ rawTarget }) => rawTarget)
    assert.deepEqual(paths, Array(3).fill('/rest/V1/integration/customer/token'))
    const { body } = await send(jobs.gateway.url, { path: '/openapi.json', headers: globexHeaders })
    const { paths: described } = JSON.parse(body) as {
      paths: Record<string, { post: { responses: object } }>
    }
    const { post } = described['/rest/V1/erp/sessions/{kind}'] ?? {}
    assert.deepEqual(Object.keys(post?.responses ?? {}).sort(), ['200', '400', 'default'])
  })

  test('heeds no key, since its answer would be stored', async () => {
    const malformed = { 'Idempotency-Key': '"' }
    assert.equal((await guess('carl', 'POST', malformed)).status, 401)
  })
})

test('two files with one route are refused, also if one of them has another fault', async () => {
  await assert.rejects(
    startGateway({
      magentoUrl: magento.url,
      integrations: [integration],
      endpoints: {
        one: { ...endpoints['show-article'], answer: '{ "number": ' },
        two: {
          ...endpoints['show-article'],
          route: 'GET /V1/erp/articles/:other',
          call: { route: 'GET /V1/products/:other' },
        },
      },
    }),
    /endpoints\/two\.yaml:\d+ \/route: expected a route that is not in .*endpoints\/one\.yaml too/,
  )
})

describe('a file is refused', () => {
  for (const [name, change, expected] of [
    [
      'whose expression is none',
      { answer: '{ "number": ' },
      /\/answer: expected a JSONata expression \(JSONata S0203, behind 12 characters\)/,
    ],
    [
      'whose mapping has an expression that takes for ever for some texts',
      { answer: String.raw`{ "number": $replace(sku, /\s+$/i, "") }` },
      /\/answer: expected regular expressions that are fast for every text/,
    ],
    [
      'whose body has such an expression',
      {
        route: 'POST /V1/erp/articles',
        call: { route: 'POST /V1/products', body: String.raw`$replace(sku, /\s+$/i, "")` },
      },
      /\/call\/body: expected regular expressions that are fast for every text/,
    ],
    [
      'whose call has a variable that its route has not',
      { call: { route: 'GET /V1/products/:sku' } },
      /\/call\/route: expected no :sku/,
    ],
    [
      'whose route has two variables of one name',
      { route: 'GET /V1/erp/articles/:number/parts/:number' },
      /\/route: expected only one variable with the name :number/,
    ],
    ...['GET /V1/jobs', 'GET /V1/jobs/:number', 'GET /openapi.json'].map(
      (route) => [`for ${route}, a path of the gateway`, { route }, /\/route: expected a/] as const,
    ),
    ...[
      'POST /V1/magefine/inventaire',
      'GET /V1/magefine/inventaire/:number',
      'DELETE /V1/jobs/:number',
    ].map(
      (route) =>
        [
          `whose call is ${route}, which the gateway answers`,
          { route: 'POST /V1/erp/articles/:number', call: { route } },
          /\/call\/route: expected a route of Magento, and none that the gateway answers/,
        ] as const,
    ),
    [
      'for a read with a schema of its body',
      { request: 'article.json' },
      /\/request: expected none, since a GET has no body/,
    ],
    [
      'whose call is a GET with a body',
      {
        route: 'POST /V1/erp/articles/:number',
        call: { route: 'GET /V1/products/:number', body: '{}' },
      },
      /\/call\/body: expected none/,
    ],
    [
      'for a read that has something written',
      { call: { route: 'POST /V1/products/:number' } },
      /\/call\/route: expected a GET, since the endpoint is one/,
    ],
    [
      'whose schema is not there',
      { request: 'none.json' },
      /\/request: expected the file schemas\/none.json/,
    ],
  ] as const) {
    test(name, async () => {
      await assert.rejects(
        startGateway({
          magentoUrl: magento.url,
          integrations: [integration],
          endpoints: { 'show-article': { ...endpoints['show-article'], ...change } },
          schemas,
        }),
        expected,
      )
    })
  }
})
