import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { policies, steps } from '../../src/pipeline.ts'
import { problems } from '../../src/problem.ts'

const page = await readFile(new URL('../../docs/policies.md', import.meta.url), 'utf8')
const flow = await readFile(new URL('../../docs/request-flow.md', import.meta.url), 'utf8')
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [name = '', ...lines] = section.split('\n')
    return { name, text: lines.join('\n') }
  })

function sectionOf(name: string): string {
  return sections.find((section) => section.name === name)?.text ?? ''
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
}

/** Every key that settings of a schema can have, at any depth. */
function keysOf({ properties = {}, items }: SchemaNode): string[] {
  const own = Object.entries(properties).flatMap(([key, below]) => [key, ...keysOf(below)])
  return items === undefined ? own : [...own, ...keysOf(items)]
}

test('every step and policy has its section in docs/policies.md, in the order of the pipeline', () => {
  assert.deepEqual(
    sections.map(({ name }) => name),
    [...steps, ...policies].map(({ name }) => name),
  )
})

describe('the section of a policy names its stage and every key of its settings', () => {
  for (const { name, stage, section, key, settings } of policies) {
    test(name, () => {
      const text = sectionOf(name)
      assert.ok(text.includes(`- Stage: ${stage}\n`), `no "- Stage: ${stage}"`)
      for (const each of [`${section}.${key}`, ...keysOf(settings as SchemaNode)]) {
        assert.ok(text.includes(`\`${each}\``), `no \`${each}\``)
      }
    })
  }
})

test('docs/policies.md lists the policies that can report, in the order of the pipeline', () => {
  const [, list = ''] = /^The policies that can report are ([^.]*)\./m.exec(page) ?? []
  assert.deepEqual(
    [...list.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name),
    policies.filter((policy) => 'isReportable' in policy).map(({ name }) => name),
  )
})

test('every problem that a section links to exists', () => {
  const linked = [...page.matchAll(/\(problems\.md#([a-z-]+)\)/g)].map(([, code]) => code)
  assert.notEqual(linked.length, 0)
  assert.deepEqual(
    linked.filter((code) => !(String(code) in problems)),
    [],
  )
})

test('docs/request-flow.md lists every step and policy, in the order of the pipeline', () => {
  const listed = [...flow.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name)
  assert.deepEqual(
    listed,
    [...steps, ...policies].map(({ name }) => name),
  )
})

test('docs/request-flow.md says of every problem where the walk may end with it', () => {
  const words = new Set(flow.match(/[a-z-]+/g))
  assert.deepEqual(
    Object.keys(problems).filter((code) => !words.has(code)),
    [],
  )
})
