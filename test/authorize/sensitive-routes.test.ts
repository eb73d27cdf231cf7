import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sensitiveRoutes } from '../../src/authorize/sensitive-routes.ts'
import { parseStrictJson } from '../../src/authorize/strict-json.ts'
import { setStock } from '../../src/endpoints/set-stock.ts'
import { allow } from '../../src/policy.ts'
import { type RequestParts, requestContext } from '../support/request.ts'
import { services, testClock } from '../support/services.ts'
import { rejectionOf } from '../support/verdicts.ts'

const settings = { perAddress: '100/min', perSubject: '2/min' }

/** Asks as whoever has a token of which only the digest is known here. */
function prepared() {
  const check = sensitiveRoutes.prepare(settings, services(testClock()))
  return (parts: RequestParts, bearerDigest?: string) => {
    const request = requestContext({ method: 'POST', ...parts })
    request.clientIp = '203.0.113.7'
    request.bearerDigest = bearerDigest
    const json = parseStrictJson(request.body)
    if (!('fault' in json)) request.json = json
    return check(request)
  }
}

describe('cards are tried', () => {
  test('on one cart of a guest at the rate of that cart, whoever asks', async () => {
    const ask = prepared()
    const target = '/rest/V1/guest-carts/x/payment-information'
    assert.equal(ask({ target }, 'one'), allow)
    assert.equal(ask({ target }, 'other'), allow)
    assert.equal((await rejectionOf(ask({ target }, 'third'))).code, 'rate-limited')
    assert.equal(ask({ target: target.replace('/x/', '/y/') }, 'one'), allow)
  })

  test('on the cart of a customer at a rate of its own, though all are called mine', async () => {
    const ask = prepared()
    const target = '/rest/V1/carts/mine/payment-information'
    assert.equal(ask({ target }, 'one'), allow)
    assert.equal(ask({ target }, 'one'), allow)
    assert.equal((await rejectionOf(ask({ target }, 'one'))).code, 'rate-limited')
    assert.equal(ask({ target }, 'other'), allow)
  })
})

describe('an account or a cart is one, however it is written', () => {
  const guests = (cart: string, call = 'payment-information') => ({
    target: `/rest/V1/guest-carts/${cart}/${call}`,
  })
  const carts = (id: string) => ({ target: `/rest/V1/carts/${id}/payment-information` })
  const token = (body: object) => ({
    target: '/rest/V1/integration/customer/token',
    body: JSON.stringify(body),
  })
  const customer = (body: object) => ({
    target: '/rest/V1/customers',
    body: JSON.stringify(body),
  })
  const spellings: Readonly<Record<string, readonly RequestParts[]>> = {
    'with escapes': [guests('abc'), guests('%61bc'), guests('ab%63')],
    'in another case': [guests('abc'), guests('ABC'), guests('aBc')],
    'with spaces at its end': [guests('abc'), guests('abc%20'), guests('abc%20%20')],
    'with accents': [guests('abc'), guests('%C3%A1bc'), guests('ab%C4%87')],
    'by another call': [
      guests('abc'),
      guests('abc', 'set-payment-information'),
      guests('abc', 'order'),
    ],
    'as another number': [carts('12'), carts('012'), carts('12.0')],
    'beside names that Magento takes no notice of': [
      token({ username: 'a@shop.example' }),
      token({ email: 'x@shop.example', username: 'a@shop.example' }),
      token({ customerEmail: 'y@shop.example', username: 'A@shop.example ' }),
    ],
    'within a customer, in any spelling': [
      customer({ customer: { email: 'b@shop.example' } }),
      customer({ Customer: { email: 'b@shop.example' } }),
      customer({ _customer: { Email: 'B@shop.example' } }),
    ],
    'as a number': [token({ username: '77' }), token({ username: 77 }), token({ username: 77 })],
  }
  for (const [name, [first, second, third]] of Object.entries(spellings)) {
    test(name, async () => {
      const ask = prepared()
      assert.equal(ask(first ?? {}), allow)
      assert.equal(ask(second ?? {}), allow)
      assert.equal((await rejectionOf(ask(third ?? {}))).code, 'rate-limited')
    })
  }
})

describe('the rate of an address applies if it asks for many accounts', () => {
  for (const [name, ips] of [
    ['from one IPv4 address', ['203.0.113.7']],
    ['from one /64 of IPv6', ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:ffff::']],
  ] as const) {
    test(name, () => {
      const check = sensitiveRoutes.prepare(
        { perAddress: '3/min', perSubject: '2/min' },
        services(testClock()),
      )
      const verdicts = ['a', 'b', 'c', 'd'].map((cart, index) => {
        const target = `/rest/V1/guest-carts/${cart}/order`
        const request = requestContext({ method: 'PUT', target })
        request.clientIp = ips[index % ips.length]
        return check(request) === allow
      })
      assert.deepEqual(verdicts, [true, true, true, false])
    })
  }
})

test('a refusal says when the rate allows the next call, and a little later where so chosen by chance', async () => {
  for (const [rates, allowed, random, retryAfterSeconds] of [
    [{ perAddress: '100/min', perSubject: '2/min' }, 2, 0, 30],
    [{ perAddress: '1/min', perSubject: '2/min' }, 1, 0, 60],
    [{ perAddress: '1/min', perSubject: '2/min' }, 1, 0.99, 65],
  ] as const) {
    const known = { ...services(testClock()), random: () => random }
    const check = sensitiveRoutes.prepare(rates, known)
    const ask = () => check(requestContext({ method: 'PUT', target: '/rest/V1/carts/1/order' }))
    for (let count = 0; count < allowed; count += 1) assert.equal(ask(), allow)
    assert.equal((await rejectionOf(ask())).retryAfterSeconds, retryAfterSeconds)
  }
})

test('as many may come at once as a minute allows, and no more', () => {
  for (const [rate, atOnce] of [
    ['31/min', 31],
    ['62/min', 62],
    ['90/h', 2],
    ['1/s', 60],
  ] as const) {
    const settings = { perAddress: '1000/min', perSubject: rate }
    const check = sensitiveRoutes.prepare(settings, services(testClock()))
    const target = '/rest/V1/guest-carts/x/order'
    let allowed = 0
    for (let time = 0; time < 100; time += 1) {
      const request = requestContext({ method: 'PUT', target })
      if (check(request) === allow) allowed += 1
    }
    assert.equal(allowed, atOnce, rate)
  }
})

describe('guesses are held to the rate of what is guessed at', () => {
  const routes = [
    'POST /V1/integration/admin/token',
    'POST /V1/integration/customer/token',
    'POST /V1/tfa/provider/google/authenticate',
    'POST /V1/tfa/provider/authy/send-token/sms',
    'POST /V1/customers',
    'POST /V1/customers/isEmailAvailable',
    'POST /V1/customers/resetPassword',
    'PUT /V1/customers/password',
    'PUT /V1/guest-carts/x/order',
    'POST /V1/carts/12/set-payment-information',
    'POST /V1/carts/mine/po-payment-information',
    'POST /V1/guest-carts/x/payment-order',
    'POST /V1/guest-carts/x/payment-order/7',
    'POST /V1/negotiable-carts/12/payment-information',
    'POST /V1/purchase-order-carts/12/set-payment-information',
  ]
  for (const route of routes) {
    test(route, async () => {
      const ask = prepared()
      const [method = '', path = ''] = route.split(' ')
      const body = '{"username":"ann","email":"ann","customerEmail":"ann"}'
      const guess = { method, target: `/rest${path}`, body }
      assert.equal(ask(guess), allow)
      assert.equal(ask({ ...guess, target: `/rest/async${path}` }), allow)
      assert.equal((await rejectionOf(ask(guess))).code, 'rate-limited')
    })
    test(`${route}, none in bulk`, async () => {
      const [method = '', path = ''] = route.split(' ')
      const ask = prepared()
      const bulk = ask({ method, target: `/rest/async/bulk${path}`, body: '[{}]' })
      assert.equal((await rejectionOf(bulk)).code, 'attack-refused')
      const array = ask({ method, target: `/rest${path}`, body: '[{}]' })
      assert.equal((await rejectionOf(array)).code, 'attack-refused')
    })
  }

  test('but what else is done with accounts and carts is not', () => {
    const ask = prepared()
    for (const target of ['/rest/V1/carts/12/items', '/rest/V1/customers/me/activate']) {
      for (let count = 0; count < 3; count += 1) assert.equal(ask({ target, body: '{}' }), allow)
    }
  })
})

test('a guess is one by its own path too, whatever the endpoint at that path calls', async () => {
  const check = sensitiveRoutes.prepare(settings, services(testClock()))
  const call = {
    method: 'GET',
    route: 'GET /V1/store/storeConfigs',
    segments: ['V1', 'store', 'storeConfigs'],
    bodyOf: async () => undefined,
  } as const
  const ask = async () => {
    const request = requestContext({ method: 'PUT', target: '/rest/V1/carts/1/order' })
    request.endpoint = { endpoint: setStock, variables: new Map(), call }
    return check(request)
  }
  assert.equal(await ask(), allow)
  assert.equal(await ask(), allow)
  assert.equal((await rejectionOf(ask())).code, 'rate-limited')
})
