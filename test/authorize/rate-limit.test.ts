import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Static } from 'typebox'
import type { RateLimitSettings } from '../../src/authorize/limits/limit-settings.ts'
import { rateLimit } from '../../src/authorize/rate-limit.ts'
import { type Charge, reportedLimitsOf } from '../../src/contract/limit.ts'
import { allow, type PolicyServices, type Verdict } from '../../src/policy.ts'
import type { RequestContext } from '../../src/request-context.ts'
import { type RequestParts, requestContext } from '../support/request.ts'
import { services, testClock } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

type Settings = Static<typeof RateLimitSettings>

/** A policy on a clock that stands until it is told to go. */
function prepared(settings: Settings, over: Partial<PolicyServices> = {}) {
  const clock = testClock()
  const check = rateLimit.prepare(settings, { ...services(clock), ...over })
  const ask = async (
    parts: RequestParts = {},
  ): Promise<{ request: RequestContext; verdict: Verdict }> => {
    const request = requestContext(parts)
    return { request, verdict: await check(request) }
  }
  return {
    clock,
    ask,
    /** How many of so many requests are let through. */
    allowedOf: async (count: number, parts: RequestParts = {}) => {
      let allowed = 0
      for (let index = 0; index < count; index += 1) {
        if ((await ask(parts)).verdict === allow) allowed += 1
      }
      return allowed
    },
    refusal: async (parts: RequestParts = {}) => rejectionOf((await ask(parts)).verdict),
  }
}

const post = { method: 'POST', target: '/rest/V1/products' }

describe('narrower limits', () => {
  test('hold a method and a route beside the limits of all', async () => {
    const policy = prepared({
      rate: '10/h',
      routes: {
        POST: { rate: '5/h', burst: 3 },
        'POST /V1/products': { rate: '1/h' },
        'GET /V1/products/:sku': { quota: '2/day' },
      },
      burst: 6,
    })
    assert.equal(await policy.allowedOf(5, post), 1)
    assert.equal(await policy.allowedOf(5, { ...post, target: '/rest/V1/orders' }), 2)
    assert.equal(await policy.allowedOf(5), 2)
    // Of six, one is left.
    assert.equal(await policy.allowedOf(5, { target: '/rest/V1/orders/1' }), 1)
  })

  test('that are exceeded together answer with the one to wait for longest', async () => {
    const policy = prepared({ rate: '1/s', routes: { POST: { rate: '1/min' } } })
    await policy.ask(post)
    const refused = await policy.refusal(post)
    assert.equal(refused.code, 'rate-limited')
    assert.equal(refused.retryAfterSeconds, 60)
    assert.deepEqual(refused.exceeded, ['POST rate', 'rate'])
    assert.match(refused.detail ?? '', /"POST rate" \(1\/min, burst 1\).*60 s/)
  })
})

describe('each kind of limit has a code of its own', () => {
  const cases: [Settings, string, number][] = [
    [{ rate: '1/min' }, 'rate-limited', 60],
    [{ quota: '1/hour' }, 'quota-exceeded', 3600 - 1000],
    [{ concurrency: 1 }, 'concurrency-exceeded', 1],
  ]
  for (const [settings, code, seconds] of cases) {
    test(code, async () => {
      const policy = prepared(settings)
      await policy.ask()
      const refused = await policy.refusal()
      assert.equal(refused.code, code)
      assert.equal(refused.retryAfterSeconds, seconds)
    })
  }
})

describe('a request costs', () => {
  const costs: [string, NonNullable<Settings['cost']>, RequestParts, number][] = [
    ['one token', {}, {}, 1],
    ['what is fixed', { fixed: 7 }, {}, 7],
    [
      'one for each item of the body',
      { items: '/items' },
      { ...post, body: '{"items":[1,2,3]}' },
      3,
    ],
    [
      'one for each entry of a body that is an array',
      { items: '' },
      { ...post, body: '[{},{}]' },
      2,
    ],
    [
      'as much where the items have a name that Magento folds into theirs',
      { items: '/sourceItems' },
      { ...post, body: '{"sourceItems":[],"source_items":[1,2,3]}' },
      3,
    ],
    [
      'as much where PHP has made an object of the items',
      { items: '/items' },
      { ...post, body: '{"items":{"0":1,"2":1}}' },
      2,
    ],
    [
      'as much in all calls of a bulk, and one for a call that has none',
      { items: '/sourceItems' },
      { ...post, body: '[{"sourceItems":[1,2]},{},{"source_items":[3]}]' },
      4,
    ],
    [
      'one for each entry of such a body, whatever is in the entries',
      { items: '' },
      { ...post, body: '[{"a":1,"b":2,"c":3},{}]' },
      2,
    ],
    [
      'as much where PHP has made an object of the bulk',
      { items: '/items' },
      {
        method: 'POST',
        target: '/rest/async/bulk/V1/products',
        body: '{"0":{"items":[1,2,3]},"2":{"items":[1,2]}}',
      },
      5,
    ],
    [
      'one token for a body that is too deep for PHP, which is not parsed',
      { items: '/items' },
      { ...post, body: `{"items":[1,2],"deep":${'['.repeat(10_000)}${']'.repeat(10_000)}}` },
      1,
    ],
    [
      'as much beside a text of megabytes',
      { items: '/items' },
      { ...post, body: `{"items":[1,2],"text":"${'x'.repeat(8_388_608)}"}` },
      2,
    ],
    [
      'as much where the items are in the form of SOAP, which Magento unwraps',
      { items: '/items' },
      { ...post, body: '{"items":{"item":[1,2,3]}}' },
      3,
    ],
    [
      'as much where that is an object too',
      { items: '/items' },
      { ...post, body: '{"items":{"item":{"0":1,"1":2}}}' },
      2,
    ],
    [
      'for whichever is more of that object and what is beside it',
      { items: '/items' },
      { ...post, body: '{"items":{"item":[1],"0":1,"1":1}}' },
      3,
    ],
    ['the largest of what is given', { fixed: 2, items: '' }, { ...post, body: '[1]' }, 2],
    ['one where the items are not there', { items: '/a~1b/c' }, { ...post, body: '{"a/b":1}' }, 1],
    ['one where the body is no JSON', { items: '/items' }, { ...post, body: '{"items":[' }, 1],
    ['one for each begun page', { pageSize: 100 }, searching('searchCriteria[pageSize]=250'), 3],
    [
      'as much by another name',
      { pageSize: 100 },
      searching('search_criteria%5Bpage_size%5D=300'),
      3,
    ],
    [
      'by the largest of several sizes',
      { pageSize: 100 },
      searching('searchCriteria[pageSize]=900&searchCriteria[page_size]=1'),
      9,
    ],
    [
      'by a number with an exponent',
      { pageSize: 100 },
      searching('searchCriteria[pageSize]=9e2'),
      9,
    ],
    [
      'what all entries cost where another name has the size',
      { pageSize: 100, unpaged: 12 },
      searching('search_criteria[pageSize]=1&searchCriteria[currentPage]=1'),
      12,
    ],
    [
      'what all entries cost where a text takes the place of the size',
      { pageSize: 100, unpaged: 12 },
      searching('searchCriteria[pageSize]=1&searchCriteria='),
      12,
    ],
    [
      'what all entries cost where Magento ignores the name',
      { pageSize: 100, unpaged: 12 },
      searching('searchcriteria[pageSize]=1'),
      12,
    ],
    ['what all entries cost', { pageSize: 100, unpaged: 12 }, searching('fields=items'), 12],
    [
      'that too for a size that is a list',
      { pageSize: 100, unpaged: 12 },
      searching('searchCriteria[pageSize][]=1'),
      12,
    ],
    ['that too for 0', { pageSize: 100, unpaged: 12 }, searching('searchCriteria[pageSize]=0'), 12],
    [
      'that too for a fraction that PHP cuts to 0',
      { pageSize: 100, unpaged: 12 },
      searching('searchCriteria[pageSize]=0.9'),
      12,
    ],
    [
      'that too for a number in a form that PHP does not read',
      { pageSize: 100, unpaged: 12 },
      searching('searchCriteria[pageSize]=0x1F'),
      12,
    ],
    [
      'what all entries cost where pages have no price of their own',
      { unpaged: 12 },
      searching('fields=items'),
      12,
    ],
    [
      'one where only all entries have a price, and it asks for a page',
      { unpaged: 12 },
      searching('searchCriteria[pageSize]=900'),
      1,
    ],
    [
      'one for a write, which asks for no entries',
      { pageSize: 100, unpaged: 12 },
      { method: 'POST', target: '/rest/V1/products' },
      1,
    ],
  ]
  for (const [name, cost, parts, expected] of costs) {
    test(name, async () => {
      const { ask } = prepared({ rate: '1/h', burst: 100, cost })
      const { request } = await ask(parts)
      assert.match(request.answerHeaders.join(), new RegExp(`"rate";r=${100 - expected};`))
    })
  }

  test('no more than a store can count, however many entries are asked for', async () => {
    const charged: number[] = []
    const clock = testClock()
    const { sharedLimiter, ...more } = services(clock)
    const check = rateLimit.prepare(
      { rate: '1/h', cost: { pageSize: 1 } },
      {
        ...more,
        sharedLimiter: (charge) => {
          charged.push(charge.cost)
          return sharedLimiter(charge)
        },
      },
    )
    for (const size of ['1e400', '1e300', '1000000000000000000000']) {
      await check(requestContext(searching(`searchCriteria[pageSize]=${size}`)))
    }
    assert.deepEqual(charged, [1e15, 1e15, 1e15])
  })

  test('what its route says, before what is said for all', async () => {
    const { ask } = prepared({
      rate: '1/h',
      burst: 100,
      cost: { fixed: 2 },
      routes: { POST: { cost: { fixed: 30 } }, 'POST /V1/orders': {} },
    })
    assert.match((await ask()).request.answerHeaders.join(), /"rate";r=98;/)
    assert.match((await ask(post)).request.answerHeaders.join(), /"rate";r=68;/)
  })
})

function searching(query: string): RequestParts {
  return { target: `/rest/V1/products?${query}` }
}

describe('every answer says how the limits stand', () => {
  const settings = { rate: '20/s', burst: 40, quota: '100/day', concurrency: 8 }

  test('in RateLimit-Policy and RateLimit, refused or not', async () => {
    const { ask } = prepared({ ...settings, quota: '1/day' })
    const [first, second] = [await ask(), await ask()]
    const policies =
      '"rate";q=40;w=2, "quota/day";q=1;w=86400, "concurrency";q=8;qu="concurrent-requests"'
    assert.deepEqual(first.request.answerHeaders, [
      'RateLimit-Policy',
      policies,
      'RateLimit',
      '"rate";r=39;t=1, "quota/day";r=0;t=85400, "concurrency";r=7',
    ])
    assert.notEqual(second.verdict, allow)
    assert.deepEqual(second.request.answerHeaders, [
      'RateLimit-Policy',
      policies,
      'RateLimit',
      '"rate";r=39;t=1, "quota/day";r=0;t=85400, "concurrency";r=7',
    ])
  })

  test('with each of several quotas, which are counted apart', async () => {
    const policy = prepared({ quota: '3/hour, 2/day,9/month' })
    // No two of the periods begin at the same time.
    policy.clock.advance(40.5 * 86_400_000)
    assert.equal(await policy.allowedOf(4), 2)
    const { request } = await policy.ask()
    assert.equal(
      request.answerHeaders[1],
      '"quota/hour";q=3;w=3600, "quota/day";q=2;w=86400, "quota/month";q=9;w=2592000',
    )
    assert.match(request.answerHeaders[3] ?? '', /"quota.hour";r=1;.*"quota.day";r=0;.*r=7;/)
  })

  test('with a bucket of no more than a million tokens, however high the rate', async () => {
    const { request } = await prepared({ rate: '999999999/s' }).ask()
    assert.match(request.answerHeaders.join(), /"rate";q=1000000;w=1,/)
  })

  test('in X-RateLimit-* where it is asked for, of the limit with the least left', async () => {
    const { ask } = prepared({ ...settings, legacyHeaders: true })
    await ask()
    const { request } = await ask()
    assert.deepEqual(request.answerHeaders.slice(4), [
      ...['X-RateLimit-Limit', '8', 'X-RateLimit-Remaining', '6', 'X-RateLimit-Reset', '0'],
    ])
  })

  test('in X-RateLimit-*, of the limit that refuses a costly request although another has less left', async () => {
    const limits = { rate: '1/s', burst: 10, concurrency: 2 }
    const { ask } = prepared({ ...limits, cost: { pageSize: 100 }, legacyHeaders: true })
    const target = '/rest/V1/products?searchCriteria[pageSize]='
    await ask({ target: `${target}200` })
    const { request, verdict } = await ask({ target: `${target}900` })
    assert.notEqual(verdict, allow)
    assert.deepEqual(request.answerHeaders.slice(4), [
      ...['X-RateLimit-Limit', '10', 'X-RateLimit-Remaining', '8', 'X-RateLimit-Reset', '2'],
    ])
  })

  test('in X-RateLimit-*, of several that refuse the one to wait for longest', async () => {
    const { ask } = prepared({ rate: '1/s', quota: '1/day', concurrency: 1, legacyHeaders: true })
    await ask()
    const { request } = await ask()
    assert.deepEqual(request.answerHeaders.slice(4), [
      ...['X-RateLimit-Limit', '1', 'X-RateLimit-Remaining', '0', 'X-RateLimit-Reset', '85400'],
    ])
  })
})

describe('a limit that is only reported', () => {
  const reportedOf = ({ limitUse }: RequestContext) => limitUse && reportedLimitsOf(limitUse)

  test('refuses nothing, and says in the record and the metric that it would have', async () => {
    const counted: unknown[] = []
    const countExceeded = (...all: unknown[]) => counted.push(all)
    const policy = prepared(
      { rate: '1/h', quota: '3/day', reportOnly: ['rate'] },
      { countExceeded },
    )
    assert.equal(reportedOf((await policy.ask()).request), undefined)
    assert.deepEqual(reportedOf((await policy.ask()).request), ['rate'])
    assert.equal(await policy.allowedOf(5), 1)
    assert.deepEqual(counted[0], ['acme-erp', 'rate', false])
    assert.deepEqual(counted.at(-1), ['acme-erp', 'quota/day', true])
  })

  test('is named in the record beside every other one that would have refused', async () => {
    const policy = prepared({ rate: '1/h', quota: '1/day', reportOnly: ['rate', 'quota'] })
    await policy.ask()
    const { request, verdict } = await policy.ask()
    assert.equal(verdict, allow)
    assert.deepEqual(reportedOf(request), ['rate', 'quota/day'])
  })

  test('is announced to nobody, whom it would slow down, and the others are', async () => {
    const limits = { rate: '1/h', quota: '3/day', legacyHeaders: true }
    const policy = prepared({ ...limits, reportOnly: ['rate'] })
    await policy.ask()
    assert.deepEqual((await policy.ask()).request.answerHeaders, [
      ...['RateLimit-Policy', '"quota/day";q=3;w=86400', 'RateLimit', '"quota/day";r=1;t=85400'],
      ...['X-RateLimit-Limit', '3', 'X-RateLimit-Remaining', '1', 'X-RateLimit-Reset', '85400'],
    ])
    const trial = prepared({ ...limits, reportOnly: true })
    assert.deepEqual((await trial.ask()).request.answerHeaders, [])
  })

  test('is every one of its scope with true', async () => {
    const policy = prepared({ rate: '1/h', routes: { POST: { quota: '1/day', reportOnly: true } } })
    assert.equal(await policy.allowedOf(3, post), 1)
    assert.deepEqual(
      await prepared({ rate: '1/h', quota: '1/day', reportOnly: true }).allowedOf(9),
      9,
    )
  })
})

test('an integration has one lease in a process, whatever methods and routes it calls', async () => {
  const charges: Charge[] = []
  const policy = prepared(
    {
      rate: '1/h',
      burst: 99,
      leaseTokens: 9,
      routes: { 'GET /V1/products/:sku': { rate: '1/s' } },
    },
    {
      sharedLimiter: async (charge) => {
        charges.push(charge)
        return { outcome: 'unlimited' }
      },
    },
  )
  await policy.ask(post)
  await policy.ask({ target: '/rest/V1/orders' })
  await policy.ask()
  const [ofPost, ofGet, narrower] = charges
  assert.equal(ofPost?.limits, ofGet?.limits)
  assert.deepEqual(
    charges.map(({ leaseTokens }) => leaseTokens),
    [9, 9, 0],
  )
  assert.equal(narrower?.limits.length, 2)
})

describe('while the store is away', () => {
  test('a request is refused with 503 where that is declared', async () => {
    const policy = prepared(
      { rate: '1/s' },
      { sharedLimiter: async () => ({ outcome: 'refused' }) },
    )
    const refused = await policy.refusal()
    assert.equal(refused.code, 'limits-unavailable')
    assert.equal(refused.retryAfterSeconds, 1)
  })

  test('no request is refused for limits that are only reported', async () => {
    const policy = prepared(
      { rate: '1/s', quota: '1/day', routes: { POST: { rate: '1/s' } }, reportOnly: true },
      { sharedLimiter: async () => ({ outcome: 'refused' }) },
    )
    assert.equal((await policy.ask()).verdict, allow)
    assert.equal((await policy.refusal(post)).code, 'limits-unavailable')
  })

  test('a request is let through where that is declared', async () => {
    const policy = prepared(
      { rate: '1/s' },
      { sharedLimiter: async () => ({ outcome: 'unlimited' }) },
    )
    assert.equal(await policy.allowedOf(9), 9)
  })
})

test('the time to wait is a little longer by chance, never shorter', async () => {
  for (const [rate, random, seconds] of [
    ['1/min', 0, 60],
    ['1/min', 0.999, 65],
    ['1/h', 0.999, 3_629],
    ['1/s', 0.999, 2],
  ] as const) {
    const policy = prepared({ rate }, { random: () => random })
    await policy.ask()
    assert.equal((await policy.refusal()).retryAfterSeconds, seconds)
  }
})

test('times are rounded up to whole seconds, so that nobody comes back too early', async () => {
  const policy = prepared({ rate: '1/min', legacyHeaders: true })
  await policy.ask()
  policy.clock.advance(500)
  const { request, verdict } = await policy.ask()
  assert.equal((await rejectionOf(verdict)).retryAfterSeconds, 60)
  assert.match(request.answerHeaders.join(), /"rate";r=0;t=60,.*X-RateLimit-Reset,60$/)
})

test('a place of a request is freed when it is over, even if it ended before the decision', async () => {
  const policy = prepared({ concurrency: 1 })
  const { request } = await policy.ask()
  assert.equal(await policy.allowedOf(1), 0)
  request.end()
  const gone = requestContext()
  gone.end()
  const clock = testClock()
  const check = rateLimit.prepare({ concurrency: 1 }, services(clock))
  assert.equal(await check(gone), allow)
  assert.equal(await check(requestContext()), allow)
  assert.equal(await policy.allowedOf(1), 1)
})
