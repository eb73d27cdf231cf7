import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberAtBegin, wholeNumberOf } from '../../src/syntax/php-number.ts'

// As PHP 8 answers is_numeric($text), and (int) $text.
const texts: [text: string, isNumeric: boolean, integer: number][] = [
  ['5', true, 5],
  ['005', true, 5],
  ['+5', true, 5],
  ['-5.9', true, -5],
  ['.5e1', true, 5],
  ['5.', true, 5],
  [' \t5\n', true, 5],
  ['5E2', true, 500],
  ['', false, 0],
  [' ', false, 0],
  ['x5', false, 0],
  ['5x', false, 5],
  ['5e', false, 5],
  ['1e1x', false, 10],
  ['0x10', false, 0],
  ['0b11', false, 0],
  ['1_0', false, 1],
  ['Infinity', false, 0],
]

test('the number is that which PHP makes of a text', () => {
  for (const [text, isNumeric, integer] of texts) {
    assert.equal(wholeNumberOf(text), isNumeric ? integer : undefined, JSON.stringify(text))
  }
})

test('a long row of digits is told from a number as fast as any text', () => {
  for (const digits of ['1', '1.', '.1', '1e1', ' ']) {
    assert.equal(wholeNumberOf(`${digits.padEnd(1_000_000, digits.at(-1))}x`), undefined, digits)
  }
})

test('the number at the beginning is that which PHP casts a text to', () => {
  for (const [text, , integer] of texts) {
    const number = numberAtBegin(text)
    // PHP has no infinite integer.
    assert.equal(Number.isFinite(number) ? number : 0, integer, JSON.stringify(text))
  }
})
