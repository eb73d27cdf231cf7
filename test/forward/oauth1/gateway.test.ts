import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { firstValue } from '../../../src/syntax/headers.ts'
import { globex, startGateway } from '../../support/gateway.ts'
import { globexHeaders, problemOf, send, writeOf } from '../../support/http-client.ts'
import { startMagentoStandIn } from '../../support/magento/stand-in.ts'
import { integrationOfMagento, oauth1Env, oauth1Upstream } from '../../support/oauth1-upstream.ts'
import { answerEmpty, answerWith, startRawUpstream } from '../../support/raw-upstream.ts'

const totpSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const env = { ...oauth1Env, USERNAME: 'erp', PASSWORD: 'p4ssword', TOTP: totpSecret }

for (const oauthDialect of ['2.4.5', '2.4.7', '2.4.8'] as const) {
  describe(`towards a Magento ${oauthDialect} that takes OAuth signatures only`, () => {
    // The dialect of 2.4.4 and 2.4.5 is not detected.
    for (const version of oauthDialect === '2.4.5' ? [oauthDialect] : [undefined, oauthDialect]) {
      test(`requests are signed so that it accepts them, its version ${version ?? 'not'} configured`, async () => {
        await using magento = await startMagentoStandIn({
          integrations: [integrationOfMagento],
          oauthDialect,
        })
        await using gateway = await startGateway({
          magentoUrl: magento.url,
          gateway: { magento: version === undefined ? {} : { version } },
          integrations: [
            {
              ...globex,
              upstream: oauth1Upstream,
              // What is put in has to be signed too.
              policies: { ...globex.policies, searchCriteria: { defaultPageSize: 50 } },
            },
          ],
          env,
        })
        const filters = Array.from(
          { length: 12 },
          (_, group) =>
            `searchCriteria[filterGroups][${group}][filters][0][field]=sku&searchCriteria[filterGroups][${group}][filters][0][value]=A%20B`,
        ).join('&')
        for (const path of [
          '/rest/V1/products/24-MB01',
          '/rest/V1/products/A%2FB',
          '/rest/default/V1/products/A%2FB?fields=sku,name',
          `/rest/V1/products?${filters}`,
        ]) {
          const answer = await send(gateway.url, { path, headers: globexHeaders })
          assert.equal(answer.status, 200, `${path}: ${answer.body}`)
        }
        const body = '{"sku":"my-sku-123","qty":3}'
        const written = await send(
          gateway.url,
          writeOf(body, { path: '/rest/V1/magefine/inventaire' }),
        )
        assert.equal(written.status, 200)
        assert.equal(magento.stock('my-sku-123'), 3)
        const nonces = magento.received.map(
          ({ rawHeaders }) => /oauth_nonce="(\w+)"/.exec(rawHeaders.join(' '))?.[1],
        )
        assert.equal(new Set(nonces).size, nonces.length)
        // A dialect is tried beside the one for 2.4.8 only if no version is configured, and only once.
        const tries = version === undefined && oauthDialect === '2.4.7' ? 1 : 0
        assert.equal(nonces.length, 5 + tries)
      })
    }
  })
}

test('a call of an endpoint is signed anew where Magento refuses its signature, too', async () => {
  await using magento = await startMagentoStandIn({
    integrations: [integrationOfMagento],
    oauthDialect: '2.4.7',
  })
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [
      { ...globex, upstream: oauth1Upstream, policies: { routes: globex.policies.routes } },
    ],
    env,
  })
  const write = writeOf('{"sku":"A/B","qty":7}', { path: '/rest/V1/magefine/inventaire' })
  assert.equal((await send(gateway.url, write)).status, 200)
  assert.equal(magento.stock('A/B'), 7)
  assert.equal(magento.received.length, 3)
})

test('a query that no signature can carry is answered 400 and not sent', async () => {
  await using magento = await startMagentoStandIn({ integrations: [integrationOfMagento] })
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...globex, upstream: oauth1Upstream }],
    env,
  })
  const answer = await send(gateway.url, {
    path: '/rest/V1/products?oauth_token=x',
    headers: globexHeaders,
  })
  assert.equal(answer.status, 400)
  assert.equal(problemOf(answer).code, 'bad-request-target')
  assert.equal(magento.received.length, 0)
})

test("Magento's refusal of wrong secrets passes on, after one request in each dialect at most", async () => {
  await using magento = await startMagentoStandIn({ integrations: [integrationOfMagento] })
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...globex, upstream: oauth1Upstream }],
    env: { ...env, CS: 'wrong-secret'.padEnd(32, '0') },
  })
  const answer = await send(gateway.url, {
    path: '/rest/V1/products/A%2FB',
    headers: { ...globexHeaders, 'Accept-Encoding': 'gzip' },
  })
  assert.equal(answer.status, 401)
  assert.match(answer.body, /The signature is invalid/)
  assert.ok(magento.received.length <= 2)
  // Compressed, the refusal could not be read.
  for (const { rawHeaders } of magento.received) {
    assert.equal(firstValue(rawHeaders, 'accept-encoding'), undefined)
  }
})

test('the record counts the time of the attempt that Magento refused, too', async () => {
  let heldMs = 0
  const refusal = '{"message":"The signature is invalid. Verify and try again."}'
  await using magento = await startRawUpstream((socket) => {
    if (heldMs > 0) {
      answerEmpty(socket)
      return
    }
    const since = performance.now()
    setTimeout(() => {
      heldMs = performance.now() - since
      answerWith(socket, { status: '401 Unauthorized', body: refusal })
    }, 200)
  })
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [{ ...globex, upstream: oauth1Upstream }],
    env,
  })
  const path = '/rest/V1/products/A%2FB'
  assert.equal((await send(gateway.url, { path, headers: globexHeaders })).status, 200)
  assert.equal(magento.requests.length, 2)
  const [record] = await gateway.auditRecords(1)
  assert.ok((record?.upstreamMs ?? 0) >= heldMs, String(record?.upstreamMs))
})

describe('with an administrator’s token', () => {
  const admins = [{ username: 'erp', password: 'p4ssword', totpSecret }]
  for (const twoFactor of [false, true]) {
    test(`it is fetched once for many requests, ${twoFactor ? 'with' : 'without'} a second factor`, async () => {
      await using magento = await startMagentoStandIn({ admins, twoFactor })
      const adminToken = {
        username: 'env:USERNAME',
        password: 'env:PASSWORD',
        ...(twoFactor && { totpSecret: 'env:TOTP' }),
      }
      await using gateway = await startGateway({
        magentoUrl: magento.url,
        integrations: [{ ...globex, upstream: { adminToken } }],
        env,
      })
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => send(gateway.url, { headers: globexHeaders })),
      )
      assert.ok(answers.every(({ status }) => status === 200))
      const signIns = magento.received.filter(({ method }) => method === 'POST')
      assert.equal(signIns.length, 1)
      assert.ok(!(await gateway.auditText()).includes('p4ssword'))
    })
  }

  test('requests are answered 503 while it cannot be had', async () => {
    await using magento = await startMagentoStandIn({ admins: [] })
    await using gateway = await startGateway({
      magentoUrl: magento.url,
      integrations: [
        {
          ...globex,
          upstream: { adminToken: { username: 'env:USERNAME', password: 'env:PASSWORD' } },
        },
      ],
      env,
    })
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answer = await send(gateway.url, { headers: globexHeaders })
      assert.equal(answer.status, 503)
      assert.equal(problemOf(answer).code, 'upstream-unavailable')
      assert.ok(Number(answer.headers['retry-after']) >= 1)
    }
    assert.equal(magento.received.length, 1)
  })
})
