import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from '../../src/config/faults.ts'
import { loadConfig } from '../../src/config.ts'
import { temporaryFolder } from '../support/shared.ts'
import { fuzzRuns, fuzzSeed, mutate, randomFrom } from './mutation.ts'

const example = new URL('../../config/', import.meta.url)
const secret = 'a-secret-that-nobody-may-see-0123456789'
const ofMagento = ['CONSUMER_KEY', 'CONSUMER_SECRET', 'ACCESS_TOKEN', 'ACCESS_TOKEN_SECRET']
const names = [
  ...['ACME_TOKEN', 'ACME_HMAC_SECRET', 'GLOBEX_TOKEN'],
  ...ofMagento.flatMap((value) => [`ACME_MAGENTO_${value}`, `GLOBEX_MAGENTO_${value}`]),
]
const env = Object.fromEntries(names.map((name, index) => [name, `${secret}-${index}`]))
const pieces = [
  ...[
    ': ',
    '\n',
    '\n  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '!!js/function ',
    '!!binary ',
    '|',
  ],
  ...[
    '"',
    "'",
    '#',
    '? ',
    '<<: *a',
    '~',
    'null',
    'true',
    '0',
    '-1',
    '1e999',
    '.nan',
    '\t',
    '\0',
    '%',
  ],
  ...['signature:', 'scheme: rfc9421', 'keys:', 'env:ACME_TOKEN', 'file:/dev/null', 'policies:'],
  ...['__proto__:', 'constructor:', '&a [*a, *a]', 'name: globex-pim', 'é', '---\n', '...\n'],
]

test('a configuration is taken, or refused with its faults; no other error, and no secret in any', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => void warnings.push(warning)
  process.on('warning', onWarning)
  const random = randomFrom(fuzzSeed)
  const files = ['gateway.yaml', 'integrations/acme-erp.yaml']
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, example), 'utf8')))
  const folder = await temporaryFolder()
  await cp(example, folder, { recursive: true })
  await loadConfig(folder, env)
  let refused = 0
  const runs = fuzzRuns(400)
  for (let left = runs; left > 0; left -= 1) {
    const [gateway = '', integration = ''] = texts
    const isGateway = random(2) === 0
    const changed = mutate(random, isGateway ? gateway : integration, pieces)
    await writeFile(join(folder, 'gateway.yaml'), isGateway ? changed : gateway)
    await writeFile(join(folder, 'integrations/acme-erp.yaml'), isGateway ? integration : changed)
    try {
      await loadConfig(folder, env)
    } catch (error) {
      assert.ok(error instanceof ConfigError, `${String(error)}\n${changed}`)
      assert.ok(error.faults.length > 0)
      assert.ok(!error.message.includes(secret), error.message)
      refused += 1
    }
  }
  process.off('warning', onWarning)
  assert.deepEqual(warnings, [], 'nothing of a file is printed')
  assert.ok(refused > 0 && refused < runs, `${refused} of ${runs} refused`)
})
