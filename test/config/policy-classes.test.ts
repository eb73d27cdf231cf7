import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { dump } from 'js-yaml'
import { loadConfig } from '../../src/config.ts'
import { type ConfigDirectory, writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { runCommand } from '../support/gateway-process.ts'
import { faultLinesAt } from './config-faults.ts'

async function written(rateLimit: object, classes: Readonly<Record<string, unknown>>) {
  const files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'audit.jsonl'),
    integrations: { globex: { ...globex, policies: { ...globex.policies, rateLimit } } },
  })
  await mkdir(join(files.path, 'policies'))
  for (const [name, content] of Object.entries(classes)) {
    await writeFile(join(files.path, 'policies', `${name}.yaml`), dump(content))
  }
  return files
}

const faultsOf = ({ path }: ConfigDirectory) => faultLinesAt(path)

const standard = {
  rateLimit: {
    rate: '20/s',
    burst: 40,
    quota: '100000/day',
    routes: { POST: { rate: '5/s' }, DELETE: { rate: '1/min' } },
  },
}

test('two files of one class are a fault, since one would have no effect', async () => {
  const content = { rateLimit: { rate: '1/s' } }
  await using files = await written({ class: 'standard' }, { standard: content })
  await writeFile(join(files.path, 'policies', 'standard.yml'), dump(content))
  assert.deepEqual(await faultsOf(files), [
    `: another name, since ${join(files.path, 'policies', 'standard.yaml')} has the same class`,
  ])
})

test('files that editors and systems keep beside a class are ignored', async () => {
  await using files = await written({ class: 'standard' }, { standard })
  await symlink('somebody@elsewhere.1:2', join(files.path, 'policies', '.#standard.yaml'))
  await writeFile(join(files.path, 'policies', '._standard.yaml'), Buffer.from([0xff, 0xfe]))
  assert.deepEqual(await faultsOf(files), [])
})

test('a class applies where an integration sets nothing else, route by route; check prints the result', async () => {
  const own = { class: 'standard', burst: 80, concurrency: 4, routes: { POST: { rate: '9/s' } } }
  await using files = await written(own, { standard })
  const { integrations } = await loadConfig(files.path, testEnv)
  assert.deepEqual(integrations[0]?.policies.rateLimit, {
    class: 'standard',
    rate: '20/s',
    burst: 80,
    quota: '100000/day',
    concurrency: 4,
    routes: { POST: { rate: '9/s' }, DELETE: { rate: '1/min' } },
  })
  const { stdout, exitCode } = await runCommand(['check', '--config', files.path], testEnv)
  assert.equal(exitCode, 0)
  assert.match(
    stdout,
    /globex-pim: class standard; rate 20\/s, burst 80; quota\/day 100000\/day; concurrency 4 at once; POST rate 9\/s, burst 9; DELETE rate 1\/min, burst 1; while the store is away: local/,
  )
})

test('check prints what requests cost, also where a class says so', async () => {
  const costs = {
    rate: '20/s',
    cost: { fixed: 2, items: '' },
    routes: {
      GET: { cost: { pageSize: 100, unpaged: 8 } },
      POST: { rate: '9/s', cost: { items: '/items' } },
    },
  }
  await using files = await written({ class: 'costly' }, { costly: { rateLimit: costs } })
  const { stdout } = await runCommand(['check', '--config', files.path], testEnv)
  assert.match(
    stdout,
    /rate 20\/s, burst 20; cost 2 or 1 for each element of the body; GET cost 1 for every 100 of pageSize or 8 for a GET without pageSize; POST rate 9\/s, burst 9; POST cost 1 for each element of \/items; while/,
  )
})

describe('is refused, and named', () => {
  const cases: [string, object, Readonly<Record<string, unknown>>, RegExp][] = [
    [
      'a class without a file',
      { class: 'gold' },
      { standard },
      /^\/policies\/rateLimit\/class: .*standard/,
    ],
    [
      'what is no map of routes, beside those of a class',
      { class: 'standard', routes: 5 },
      { standard },
      /^\/policies\/rateLimit\/routes: object/,
    ],
    [
      'a list in the place of the routes, beside those of a class',
      { class: 'standard', routes: [] },
      { standard },
      /^\/policies\/rateLimit\/routes: object/,
    ],
    [
      'a fault in a class',
      { class: 'standard' },
      { standard: { rateLimit: { rate: 'fast' } } },
      /^\/rateLimit\/rate: a rate such as/,
    ],
    [
      'a class of a class',
      { class: 'a' },
      { a: { rateLimit: { class: 'b' } } },
      /^\/rateLimit\/class: no such key/,
    ],
    ['a burst without a rate', { burst: 5 }, {}, /^\/policies\/rateLimit\/burst: a rate beside it/],
    [
      'a burst of a route without a rate',
      { routes: { 'GET /V1/products': { burst: 5 } } },
      {},
      /^\/policies\/rateLimit\/routes\/GET ~1V1~1products\/burst: a rate/,
    ],
    [
      'a lease beside concurrency',
      { leaseTokens: 5, concurrency: 2 },
      {},
      /^\/policies\/rateLimit\/leaseTokens: none/,
    ],
    [
      'a quota of a week',
      { quota: '5/week' },
      {},
      /^\/policies\/rateLimit\/quota: a quota such as/,
    ],
    [
      'two quotas of one period',
      { quota: '10/hour, 100/day, 20/hour' },
      {},
      /^\/policies\/rateLimit\/quota: .* one for each period/,
    ],
    [
      'a route that is none',
      { routes: { 'FETCH /V1/x': {} } },
      {},
      /^\/policies\/rateLimit\/routes\/FETCH ~1V1~1x: a method, or a method and a path/,
    ],
    [
      'a list of other limits',
      { rate: '1/s', reportOnly: ['burst'] },
      {},
      /^\/policies\/rateLimit\/reportOnly: true, false or a list/,
    ],
    [
      'a cost by no pointer',
      { rate: '1/s', cost: { items: 'items' } },
      {},
      /^\/policies\/rateLimit\/cost\/items: a JSON Pointer/,
    ],
  ]
  for (const [name, rateLimit, classes, expected] of cases) {
    test(name, async () => {
      await using files = await written(rateLimit, classes)
      const faults = await faultsOf(files)
      assert.equal(faults.length, 1, faults.join('\n'))
      assert.match(String(faults[0]), expected)
    })
  }
})
