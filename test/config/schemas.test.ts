import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { load } from 'js-yaml'
import { renderSchemas } from '../../src/config/render-schemas.ts'

const folder = new URL('../../config/', import.meta.url)

test('the schemas that editors read are those that the gateway checks (else: npm run generate)', async () => {
  for (const [file, text] of renderSchemas()) {
    assert.equal(await readFile(new URL(file, folder), 'utf8'), text, file)
  }
})

test('the example configuration matches them', async () => {
  const examples = {
    'gateway.schema.json': ['gateway.yaml'],
    'integration.schema.json': ['integrations/acme-erp.yaml', 'integrations/globex-pim.yaml'],
    'policy-class.schema.json': ['policies/standard.yaml'],
  }
  for (const [schema, files] of Object.entries(examples)) {
    const validate = new Ajv2020({ strict: false }).compile(
      JSON.parse(await readFile(new URL(schema, folder), 'utf8')),
    )
    for (const file of files) {
      assert.ok(validate(load(await readFile(new URL(file, folder), 'utf8'))), file)
    }
  }
})

test('no object of settings takes a key that its schema does not name', () => {
  function openObjects(node: unknown, place: string): string[] {
    if (typeof node !== 'object' || node === null) return []
    const isOpen = 'type' in node && node.type === 'object' && !('additionalProperties' in node)
    const below = Object.entries(node).flatMap(([key, value]) =>
      openObjects(value, `${place}/${key}`),
    )
    return isOpen ? [place, ...below] : below
  }
  const open = [...renderSchemas()].flatMap(([file, text]) => openObjects(JSON.parse(text), file))
  assert.deepEqual(open, [])
})
