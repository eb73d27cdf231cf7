import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSignerSearch } from '../../src/authenticate/claimed-signer.ts'
import type { SignatureSettings } from '../../src/authenticate/signature-settings.ts'
import { Secret } from '../../src/contract/secret.ts'
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

test('finds it also beside an OAuth header that is meant for Magento, as with passthrough', () => {
  const forMagento =
    'OAuth oauth_consumer_key="magento",oauth_token="t",oauth_signature_method="HMAC-SHA256",' +
    'oauth_timestamp="1",oauth_nonce="n",oauth_signature="s"'
  const message = ['Signature-Input', 'a=();keyid="key-of-acme-erp"']
  const secret = new Secret('consumer')
  const key = {
    id: 'k1',
    consumerKey: secret,
    consumerSecret: secret,
    accessToken: secret,
    accessTokenSecret: secret,
  }
  const legacy: SignatureSettings = {
    scheme: 'oauth1',
    keys: [key],
    allowSha1: false,
    requireBodyHash: false,
    maxAgeMs: 300_000,
  }
  const find = compileSignerSearch([signer('acme-erp'), { name: 'legacy', signature: legacy }])
  assert.equal(find(['Authorization', forMagento, ...message]), 'acme-erp')
  const ofLegacy = forMagento.replace('magento', 'consumer')
  assert.equal(find(['Authorization', ofLegacy]), 'legacy')
})

test('finds of several signatures the one that its integration would verify', () => {
  const other = 'a=();keyid="key-of-nobody";tag="other"'
  assert.equal(find(other, 'b=();keyid="key-of-globex-pim";tag="globex"'), 'globex-pim')
  assert.equal(find(other, 'b=();keyid="key-of-acme-erp";tag="magegate"'), 'acme-erp')
  assert.equal(find(other, 'b=();keyid="key-of-globex-pim";tag="initech"'), undefined)
  assert.equal(find(other, 'b=();keyid="key-of-globex-pim"'), undefined)
})
