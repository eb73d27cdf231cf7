import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  contentDigest,
  findContentDigestFault,
} from '../../../src/authenticate/message-signature/content-digest.ts'

const body = Buffer.from('{"hello": "world"}\n')
const sha256 = `sha-256=:${hash('sha256', body, 'base64')}:`
const sha512 = `sha-512=:${hash('sha512', body, 'base64')}:`
const wrong = `sha-512=:${hash('sha512', 'x', 'base64')}:`

const faultOf = (...values: string[]) =>
  findContentDigestFault(
    values.flatMap((value) => ['Content-Digest', value]),
    body,
  )

test('RFC 9530, appendix B.1', () => {
  const digest = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:'
  assert.equal(contentDigest(body), digest)
  assert.equal(faultOf(digest), undefined)
})

test('accepts sha-256, sha-512, both, and an unknown one beside them', () => {
  for (const value of [sha256, sha512, `${sha256}, ${sha512}`, `md5=:AA==:, ${sha512}`]) {
    assert.equal(faultOf(value), undefined)
  }
  assert.equal(faultOf(sha256, sha512), undefined)
})

describe('refuses', () => {
  const cases: Record<string, [values: string[], fault: string]> = {
    'no digest': [[], 'Content-Digest is missing'],
    'an empty digest': [[''], 'Content-Digest is missing'],
    'a wrong one beside a right one': [
      [sha256, wrong],
      'Content-Digest: sha-512 is not that of the body',
    ],
    'a right one after a wrong one of the same algorithm': [
      [wrong, sha512],
      'Content-Digest is not a strict dictionary',
    ],
    'one of another length': [
      ['sha-256=:AAAA:'],
      'Content-Digest: sha-256 is not that of the body',
    ],
    'a text': [['sha-256="x"'], 'Content-Digest: sha-256 is not a byte sequence'],
    'a list': [['sha-256=(:AA==:)'], 'Content-Digest: sha-256 is not a byte sequence'],
    'unknown algorithms only': [
      ['md5=:AA==:, sha=:AA==:'],
      'Content-Digest has no algorithm known here',
    ],
    'a long one': [[`md5=:${'A'.repeat(1024)}:`], 'Content-Digest is too long'],
    'padding beyond the end': [
      ['sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg==:'],
      'Content-Digest is not a strict dictionary',
    ],
  }
  for (const [name, [values, fault]] of Object.entries(cases)) {
    test(name, () => assert.equal(faultOf(...values), fault))
  }
})
