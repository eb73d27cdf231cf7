import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSignerSearch } from '../../src/authenticate/claimed-signer.ts'
import { settings } from './message-signature/signed-request.ts'

function signer(name: string, tag?: string) {
  const [key] = settings.keys
  assert.ok(key !== undefined)
  const keys = [{ ...key, id: `key-of-${name}` }]
  return { name, signature: { ...settings, keys, ...(tag !== undefined && { tag }) } }
}

const search = compileSignerSearch([
  signer('acme-erp'),
  signer('globex-pim', 'globex'),
  signer('initech', 'initech'),
])

const find = (...inputs: string[]) => search(['Signature-Input', inputs.join(', ')])

test('finds the integration that the only signature names, whatever its tag', () => {
  for (const name of ['acme-erp', 'globex-pim', 'initech']) {
    assert.equal(find(`a=();keyid="key-of-${name}"`), name)
    assert.equal(find(`a=();keyid="key-of-${name}";tag="other"`), name)
  }
  assert.equal(find('a=();keyid="key-of-nobody"'), undefined)
  assert.equal(find('a=()'), undefined)
  assert.equal(search([]), undefined)
})

test('finds of several signatures the one that its integration would verify', () => {
  const other = 'a=();keyid="key-of-nobody";tag="other"'
  assert.equal(find(other, 'b=();keyid="key-of-globex-pim";tag="globex"'), 'globex-pim')
  assert.equal(find(other, 'b=();keyid="key-of-acme-erp";tag="magegate"'), 'acme-erp')
  assert.equal(find(other, 'b=();keyid="key-of-globex-pim";tag="initech"'), undefined)
  assert.equal(find(other, 'b=();keyid="key-of-globex-pim"'), undefined)
})
