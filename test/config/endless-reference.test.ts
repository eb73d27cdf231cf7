import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endlessReferenceIn } from '../../src/config/endless-reference.ts'

const itself = { $ref: '#/$defs/a' }

describe('a schema that never comes to an end is found', () => {
  for (const [name, schema, expected] of [
    ['the schema itself', { $ref: '#' }, ''],
    ['two that name each other', { $defs: { a: { $ref: '#/$defs/b' }, b: itself } }, '/$defs/a'],
    ['below a property', { properties: { x: { not: itself } }, $defs: { a: itself } }, '/$defs/a'],
    ['an alternative', { $defs: { a: { anyOf: [{ type: 'null' }, itself] } } }, '/$defs/a'],
    ['for some values only', { $defs: { a: { if: { minLength: 3 }, else: itself } } }, '/$defs/a'],
    ['in a condition', { $defs: { a: { if: itself } } }, '/$defs/a'],
    ['beside a member', { dependentSchemas: { x: { $ref: '#' } } }, ''],
    ['by an anchor', { $defs: { b: { $anchor: 'c', oneOf: [{ $ref: '#c' }] } } }, '/$defs/b'],
    [
      'by a dynamic anchor',
      { items: { $dynamicAnchor: 'n', allOf: [{ $dynamicRef: '#n' }] } },
      '/items',
    ],
    [
      'by an id',
      { $id: 'https://a.test/root', $defs: { b: { $id: 'b', not: { $ref: '/b' } } } },
      '/$defs/b',
    ],
    ['by an id of the file', { $id: 'https://a.test/root', $ref: 'root#' }, ''],
    [
      'under a name with escapes',
      { $defs: { 'a/b c': { $ref: '#/$defs/a~1b%20c' } } },
      '/$defs/a~1b c',
    ],
  ] as const) {
    test(name, () => assert.equal(endlessReferenceIn(schema), expected))
  }
})

describe('a schema that goes down into the value is not', () => {
  for (const [name, schema] of [
    ['a property', { properties: { x: { $ref: '#' } } }],
    ['elements', { anyOf: [{ type: 'string' }, { items: { $ref: '#' } }] }],
    ['names', { propertyNames: { $ref: '#' } }],
    ['two uses of one schema', { allOf: [itself, itself], $defs: { a: { not: {} } } }],
    ['a reference to elsewhere', { $ref: 'https://json-schema.org/draft/2020-12/schema' }],
    ['a reference to nothing', { $ref: '#/$defs/none/at/all' }],
    ['a property that is called $ref', { properties: { $ref: { $ref: '#/properties/not' } } }],
    ['a value that looks like a reference', { const: { $ref: '#' } }],
    ['a true schema', true],
  ] as const) {
    test(name, () => assert.equal(endlessReferenceIn(schema), undefined))
  }
})
