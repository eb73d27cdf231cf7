import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderMessage } from '../../src/endpoints/render-message.ts'

const of = (message: string, parameters?: unknown) => ({ message, parameters })

for (const [what, body, text] of [
  ['a list', of('%1 is not %2, %10 nor %3', ['a', 2]), 'a is not 2, %10 nor %3'],
  ['a map', of('"%field" of %fieldName, %x_1', { field: 'a', x_1: 0 }), '"a" of %fieldName, 0'],
  ['what is no text', of('%1 %2 %length %constructor', [{}, null]), '%1 %2 %length %constructor'],
  ['texts that look like placeholders', of('%1 %2', ['%2', '$&']), '%2 $&'],
  ['none', of('100% of %1'), '100% of %1'],
] as const) {
  test(`puts parameters into a text of Magento: ${what}`, () => {
    assert.equal(renderMessage(body), text)
  })
}

test('tells the reasons that Magento gives', () => {
  const errors = [of('"%field" is empty.', { field: 'sku' }), {}, null, of('No %1.', ['stock'])]
  assert.equal(
    renderMessage({ message: 'Validation Failed', errors }),
    'Validation Failed "sku" is empty. No stock.',
  )
})

test('has nothing to tell where there is no text', () => {
  for (const body of [undefined, null, [], 'x', {}, { message: 1, errors: 'x' }]) {
    assert.equal(renderMessage(body), undefined)
  }
})
