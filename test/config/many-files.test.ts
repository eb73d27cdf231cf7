import assert from 'node:assert/strict'
import fs, { appendFile, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { collectGarbage } from '../../src/cli/collect-garbage.ts'
import { ConfigError } from '../../src/config/faults.ts'
import { loadConfig } from '../../src/config.ts'
import { writeConfig } from '../support/config-directory.ts'
import { faultsAt } from './config-faults.ts'

const gateway = {
  listen: { host: '127.0.0.1', port: 0, requireHttps: false },
  magento: { url: 'http://127.0.0.1:1' },
  audit: { stdout: true },
}

/** More than are read at once. */
const count = 70
const numbers = Array.from({ length: count }, (_, index) => String(index).padStart(3, '0'))
const env = Object.fromEntries(
  numbers.map((number) => [`TOKEN_${number}`, `token-of-${number}-0123456789`]),
)

function integration(number: string) {
  return {
    name: `partner-${number}`,
    credentials: { token: `env:TOKEN_${number}` },
    upstream: { passthrough: true },
    policies: {
      ipAllowlist: ['203.0.113.128/25'],
      routes: ['POST /V1/products'],
      requestSchema: { 'POST /V1/products': Number(number) % 2 === 0 ? 'even.json' : 'odd.json' },
    },
  }
}

function writeMany() {
  return writeConfig({
    gateway,
    integrations: Object.fromEntries(numbers.map((number) => [number, integration(number)])),
    schemas: { 'even.json': { type: 'object' }, 'odd.json': { type: 'array' } },
  })
}

describe('a configuration of many files', () => {
  test('has its integrations in the order of their files', async () => {
    await using directory = await writeMany()
    const { integrations } = await loadConfig(directory.path, env)
    assert.deepEqual(
      integrations.map(({ name }) => name),
      numbers.map((number) => `partner-${number}`),
    )
  })

  test('leaves threads to others, however many files hang', async (t) => {
    await using directory = await writeMany()
    const { stat } = fs
    let [underWay, most] = [0, 0]
    t.mock.method(fs, 'stat', async (path: string) => {
      most = Math.max(most, ++underWay)
      return await stat(path).finally(() => --underWay)
    })
    syncBuiltinESMExports()
    t.after(() => {
      t.mock.reset()
      syncBuiltinESMExports()
    })
    const { integrations } = await loadConfig(directory.path, env)
    assert.equal(integrations.length, count)
    assert.equal(most, 2)
  })

  test('does not keep the texts of its files in memory', async () => {
    await using directory = await writeMany()
    const remarks = `# ${'-'.repeat(100)}\n`.repeat(2_000)
    for (const number of numbers) {
      await appendFile(join(directory.path, 'integrations', `${number}.yaml`), remarks)
    }
    await collectGarbage()
    const before = process.memoryUsage().heapUsed
    const config = await loadConfig(directory.path, env)
    await collectGarbage()
    assert.ok(process.memoryUsage().heapUsed - before < (count / 2) * remarks.length)
    assert.equal(config.integrations.length, count)
  })

  test('compiles a schema once, however many integrations name it', async () => {
    await using directory = await writeMany()
    const { integrations } = await loadConfig(directory.path, env)
    const checks = integrations.map(
      ({ policies }) => policies.requestSchema?.['POST /V1/products']?.validate,
    )
    assert.equal(new Set(checks).size, 2)
    assert.deepEqual(checks[0]?.({}), [])
    assert.equal(checks[1]?.({}).length, 1)
  })

  test('compiles a schema anew when it is loaded again', async () => {
    await using directory = await writeMany()
    const { integrations: before } = await loadConfig(directory.path, env)
    await writeFile(join(directory.path, 'schemas', 'even.json'), '{"type":"array"}')
    const { integrations: after } = await loadConfig(directory.path, env)
    const [first, second] = [before, after].map(
      ([integration]) => integration?.policies.requestSchema?.['POST /V1/products'],
    )
    assert.equal(first?.validate({}).length, 0)
    assert.equal(second?.validate({}).length, 1)
  })

  test('says what is wrong with a schema, and takes one that an editor wrote', async () => {
    const mark = Buffer.from('\ufeff{"type":"object"}')
    const cases: [content: string | Buffer, expected?: RegExp][] = [
      [mark],
      ['{"type":"object","properties":{"a":{"$ref":"#"}}}'],
      ['{"type":"nonsense"}', /^a valid JSON Schema in schemas\/even/],
      ['null', /^a valid JSON Schema in schemas\/even.* \(null is none\)$/],
      ['{"$ref":"#"}', /leads back/],
      ['{"type":"object","allOf":[{"$ref":"#"}]}', /leads back/],
      ['{"if":{"type":"number"},"then":{"$ref":"#"}}', /leads back/],
      ['{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}', /leads back/],
      [
        '{"type":"array","items":{"$ref":"#/$defs/a"},"$defs":{"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}}}',
        /\(\/\$defs\/a leads back/,
      ],
      [`${'{"not":'.repeat(20_000)}true${'}'.repeat(20_000)}`, /too deeply/],
      ['{"type":"string","pattern":"^(a+)+$"}', /^a faster pattern at \/pattern of schemas\/even/],
      ['{"type":"object","required":["a"],"required":["b"]}', /a name twice in one object/],
      [Buffer.from('{"title":"Zubehör"}', 'latin1'), /text in UTF-8/],
      [Buffer.from('\ufeff{}', 'utf16le'), /text in UTF-8/],
    ]
    await using directory = await writeMany()
    for (const [content, expected] of cases) {
      await writeFile(join(directory.path, 'schemas', 'even.json'), content)
      const faults = await faultsAt(directory.path, env)
      assert.equal(faults.length, expected === undefined ? 0 : count / 2, content.toString())
      for (const fault of faults) assert.match(fault.expected, expected ?? /^$/)
    }
  })

  test('names file and line of a fault in each of them', async () => {
    await using directory = await writeMany()
    await assert.rejects(loadConfig(directory.path, {}), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(
        error.faults.map(({ file, line, pointer }) => ({ file, line, pointer })),
        numbers.map((number) => ({
          file: join(directory.path, 'integrations', `${number}.yaml`),
          line: 3,
          pointer: '/credentials/token',
        })),
      )
      return true
    })
  })
})
