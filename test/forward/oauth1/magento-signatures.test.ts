import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dialect } from '../../../src/forward/oauth1/dialect.ts'
import { rewriteQuery } from '../../../src/forward/oauth1/rewrite-query.ts'
import { prepareSigning } from '../../../src/forward/oauth1/sign-request.ts'
import { credentials } from './verifying-magento.ts'

const sign = prepareSigning(credentials)

/** A request, and the signatures that Magento's own code computes for it, run with PHP 8.2. */
interface Vector {
  readonly what: string
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly signatures: Readonly<Record<Dialect, string>>
}

const filterGroups = Array.from(
  { length: 12 },
  (_, group) => `searchCriteria[filter_groups][${group}][filters][0][field]=f${group}`,
).join('&')

const vectors: readonly Vector[] = [
  {
    what: 'a plain path',
    method: 'GET',
    path: '/rest/V1/products/24-MB01',
    signatures: {
      '2.4.5': '2IA9LnQTCQU0VMc8/V7LNJpwnnyqoje+nUlUzNm/Idc=',
      '2.4.7': '2IA9LnQTCQU0VMc8/V7LNJpwnnyqoje+nUlUzNm/Idc=',
      '2.4.8': '2IA9LnQTCQU0VMc8/V7LNJpwnnyqoje+nUlUzNm/Idc=',
    },
  },
  {
    what: 'reserved characters in a path',
    method: 'PUT',
    path: '/rest/all/V1/products/a%2fb%20c%2Bd%25e%3F%26%3D',
    query: 'fields=sku',
    signatures: {
      '2.4.5': 'mL4NL1VY6xmVAPSaxzvbZHjMmCIZ2C19Bnd97Ojm3Tk=',
      '2.4.7': 'l9Xo6km9Gh9zR1m/Gugd/iz6UdMOxcvtF8+YgdzUlPk=',
      '2.4.8': 'mL4NL1VY6xmVAPSaxzvbZHjMmCIZ2C19Bnd97Ojm3Tk=',
    },
  },
  {
    what: 'other escapes of a path, in both cases',
    method: 'GET',
    path: '/rest/V1/products/%28x%29%27%22%5B1%5D%7C%7E%c3%A9%F0%9F%98%80',
    signatures: {
      '2.4.5': '78tf6bOrrrLic9uTp7o9HVFM19VY2ObceqNZFrvnUpI=',
      '2.4.7': 'xbxQYuAu0IK9GaYzb0o9GrafphRqOjZdCeexHE0DSaI=',
      '2.4.8': '78tf6bOrrrLic9uTp7o9HVFM19VY2ObceqNZFrvnUpI=',
    },
  },
  {
    what: 'more than ten filter groups',
    method: 'GET',
    path: '/rest/V1/products',
    query: filterGroups,
    signatures: {
      '2.4.5': '3bRg2Spm1JE3aSDPFWVY6LYr9o+x2GqW1OUvLvq1MZc=',
      '2.4.7': '3bRg2Spm1JE3aSDPFWVY6LYr9o+x2GqW1OUvLvq1MZc=',
      '2.4.8': 'UE2G/kTje5HcWHaYTfL2/jKnOnJBb2f46FJDZdGcRCI=',
    },
  },
  {
    what: 'names that begin alike',
    method: 'GET',
    path: '/rest/V1/products',
    query: 'a=1&a[b]=2&ab=3&aB=4&a9=5&a10=6&A=7&_=8',
    signatures: {
      '2.4.5': 'n9CH+Rt2wohUB2JtJenlRdtWONz/3Abznn2k0KHha68=',
      '2.4.7': 'n9CH+Rt2wohUB2JtJenlRdtWONz/3Abznn2k0KHha68=',
      '2.4.8': 'KH8LWlsyKRsFJjpwAfrUNIrwXAobl4HvtoXaIqozlIE=',
    },
  },
  {
    what: 'spaces, marks, empty values and lists',
    method: 'GET',
    path: '/rest/V1/products',
    query: "q=+%20%2B&n=%C3%A9%F0%9F%98%80&s=!*'()~-_.&e=&b&x.y=1&skus[]=A&skus[]=B",
    signatures: {
      '2.4.5': 'xPc1FH3FK+gKUYZwrTn0us9yTZgnKkt0usnGFoXtpko=',
      '2.4.7': 'xPc1FH3FK+gKUYZwrTn0us9yTZgnKkt0usnGFoXtpko=',
      '2.4.8': 'xPc1FH3FK+gKUYZwrTn0us9yTZgnKkt0usnGFoXtpko=',
    },
  },
  {
    what: 'numbers as keys',
    method: 'DELETE',
    path: '/rest/default/V1/products/A%3AB%40C%24D%2CE%3BF',
    query: 'x[010]=1&x[9]=2&x[1e1]=3',
    signatures: {
      '2.4.5': 'VJNKZKuyPQRzm2rVGbNBYllhTjMjPyxO9COB6MLnlck=',
      '2.4.7': 'CStz6YRpE610cYVk85pFckleyoYICEV/l4fr97aVBHM=',
      '2.4.8': 'VJNKZKuyPQRzm2rVGbNBYllhTjMjPyxO9COB6MLnlck=',
    },
  },
]

for (const { what, method, path, query: received, signatures } of vectors) {
  test(`signs ${what} as the code of each version of Magento does`, () => {
    const rewritten = rewriteQuery(received)
    assert.ok(!('fault' in rewritten))
    const parts = { method, origin: 'https://shop.example', path, query: rewritten.query }
    const freshness = { nonce: '0123456789abcdef0123456789abcdef', timestampSeconds: 1_790_000_000 }
    for (const dialect of ['2.4.5', '2.4.7', '2.4.8'] as const) {
      const { authorization } = sign(parts, dialect, freshness)
      const [, signature = ''] = /oauth_signature="([^"]*)"/.exec(authorization) ?? []
      assert.equal(decodeURIComponent(signature), signatures[dialect], dialect)
    }
  })
}
