import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slowPatternIn } from '../../src/config/slow-pattern.ts'

test('a pattern that takes for ever for some texts is found, wherever it is in a schema', () => {
  for (const pattern of [
    '^(a+)+$',
    String.raw`^(\w+\s?)*$`,
    '^SKU-([A-Z]+[0-9]*)*$',
    '^(a|b|ab)*c',
    String.raw`\s+$`,
    '(x+x+)+y',
    '^x{3}(a+)+$',
    String.raw`^(\p{L}+ ?)*$`,
    String.raw`^(\p{Script=Greek}+)+$`,
    '^(?!-)([a-z]+-?)*$',
    '^(?=.*b)(?:b+)+$',
    '^([a-z]+ ?)*(?<! )$',
    '(?<=x)(a+)+$',
    '^([^a-z]+ ?)*$',
    '^([^,]+)+$',
    String.raw`^(\D+)+$`,
    String.raw`^(\P{L}+)+$`,
    String.raw`^(\u{61}+)+$`,
    String.raw`^(a+)+\\p{2}$`,
    '^(?i:a+)+$',
  ]) {
    assert.equal(slowPatternIn({ properties: { 'a/b': { pattern } } }), '/properties/a~1b/pattern')
  }
  const schema = { allOf: [{ patternProperties: { '^x': {}, '^(.*)*$': {} } }] }
  assert.equal(slowPatternIn(schema), '/allOf/0/patternProperties/^(.*)*$')
})

test('patterns in common use are not slow, nor is what is no pattern', () => {
  for (const pattern of [
    '^[A-Z]+(-[A-Z0-9]+)*$',
    '^[A-Za-z0-9_-]{1,64}$',
    String.raw`^[^@\s]+@[^@\s]+\.[^@\s]+$`,
    '^(?:[a-z0-9]+/)*[a-z0-9]+$',
    String.raw`^\S+(?: \S+)*$`,
    String.raw`^\p{L}+(?: \P{L}\p{L}*)*$`,
    '^(?<=^)(?=.*[a-z]).+$',
    '^(?!-)[a-z-]+(?<!-)$',
    String.raw`^-?(0|[1-9]\d*)(\.\d+)?$`,
    '',
  ]) {
    assert.equal(slowPatternIn({ items: { pattern } }), undefined, pattern)
  }
  assert.equal(slowPatternIn({ properties: { pattern: { type: 'string' } } }), undefined)
  assert.equal(slowPatternIn({ examples: [{ pattern: '(' }] }), undefined)
})
