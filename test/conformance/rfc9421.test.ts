import assert from 'node:assert/strict'
import { constants, createPublicKey, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import { findContentDigestFault } from '../../src/authenticate/message-signature/content-digest.ts'
import type { FieldTypes } from '../../src/authenticate/message-signature/field-component.ts'
import { signMessage } from '../../src/authenticate/message-signature/sign.ts'
import { verifyBase } from '../../src/authenticate/message-signature/signature-algorithm.ts'
import { signatureBase } from '../../src/authenticate/message-signature/signature-base.ts'
import { readMessageSignature } from '../../src/authenticate/message-signature/signature-input.ts'
import { originOf } from '../../src/contract/public-origin.ts'
import {
  eccPrivateKey,
  eccPublicPem,
  ed25519PrivateKey,
  ed25519PublicPem,
  rsaPssPublicKey,
  sharedSecretKey,
} from './rfc9421-keys.ts'

/*
 * The examples of RFC 9421 that apply to requests, its errata aside. Not here: B.2.4 and section
 * 2.4, which sign responses; trailers (section 2.1.4) and Accept-Signature (section 5), which the
 * gateway does not offer; and rsa-v1_5-sha256 of section 4.3. B.2.1 to B.2.3 are signed with
 * rsa-pss-sha512, which is not offered either: they are verified by Node itself, to prove the
 * signature base.
 */

const eccPublicKey = createPublicKey(eccPublicPem)
const ed25519PublicKey = createPublicKey(ed25519PublicPem)

interface Message {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly headers: readonly string[]
}

/** The request of appendix B.2. */
const testRequest: Message = {
  method: 'POST',
  path: '/foo',
  query: 'param=Value&Pet=dog',
  authority: 'example.com',
  scheme: 'https',
  headers: [
    ...['Host', 'example.com'],
    ...['Date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ...['Content-Type', 'application/json'],
    'Content-Digest',
    'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
    ...['Content-Length', '18'],
  ],
}

const testBody = Buffer.from('{"hello": "world"}')

function read(message: Message, input: string, signature: string, types?: FieldTypes) {
  const rawHeaders = [...message.headers, 'Signature-Input', input, 'Signature', signature]
  const found = readMessageSignature(rawHeaders)
  assert.ok(!('reason' in found), JSON.stringify(found))
  const base = signatureBase(
    { ...message, rawHeaders },
    originOf(new URL(`${message.scheme}://${message.authority}`)),
    found.components,
    found.signatureParams,
    types,
  )
  return { base, signature: found.signature }
}

/** The lines of the base for components that are given as they stand in Signature-Input. */
function lines(message: Message, components: string, types?: FieldTypes): string[] {
  const { base } = read(message, `sig=(${components})`, 'sig=:AA==:', types)
  assert.ok(typeof base === 'string', JSON.stringify(base))
  return base.split('\n').slice(0, -1)
}

function isSignedRsaPss(base: unknown, signature: Buffer): boolean {
  const key = {
    key: rsaPssPublicKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 64,
  }
  return verify('sha512', Buffer.from(base as string), key, signature)
}

describe('appendix B.2, the request', () => {
  test('its digest is that of its body', () => {
    assert.equal(findContentDigestFault(testRequest.headers, testBody), undefined)
  })

  test('B.2.1, minimal signature using rsa-pss-sha512', () => {
    const { base, signature } = read(
      testRequest,
      'sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
      'sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:',
    )
    assert.equal(
      base,
      '"@signature-params": ();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
    )
    assert.ok(isSignedRsaPss(base, signature))
  })

  test('B.2.2, selective covered components using rsa-pss-sha512', () => {
    const { base, signature } = read(
      testRequest,
      'sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"',
      'sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:',
    )
    assert.equal(
      base,
      '"@authority": example.com\n' +
        '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n' +
        '"@query-param";name="Pet": dog\n' +
        '"@signature-params": ("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"',
    )
    assert.ok(isSignedRsaPss(base, signature))
  })

  test('B.2.3, full coverage using rsa-pss-sha512', () => {
    const { base, signature } = read(
      testRequest,
      'sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"',
      'sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:',
    )
    assert.equal(
      base,
      '"date": Tue, 20 Apr 2021 02:07:55 GMT\n' +
        '"@method": POST\n' +
        '"@path": /foo\n' +
        '"@query": ?param=Value&Pet=dog\n' +
        '"@authority": example.com\n' +
        '"content-type": application/json\n' +
        '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n' +
        '"content-length": 18\n' +
        '"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"',
    )
    assert.ok(isSignedRsaPss(base, signature))
  })

  const b25 = {
    input:
      'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    signature: 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:',
  }

  test('B.2.5, signing a request using hmac-sha256', () => {
    const { base, signature } = read(testRequest, b25.input, b25.signature)
    assert.equal(
      base,
      '"date": Tue, 20 Apr 2021 02:07:55 GMT\n' +
        '"@authority": example.com\n' +
        '"content-type": application/json\n' +
        '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    )
    assert.ok(verifyBase('hmac-sha256', sharedSecretKey, base, signature))
    assert.deepEqual(
      signMessage(testRequest, {
        algorithm: 'hmac-sha256',
        key: sharedSecretKey,
        label: 'sig-b25',
        components: ['date', '@authority', 'content-type'],
        parameters: { created: 1618884473, keyid: 'test-shared-secret' },
      }),
      { 'Signature-Input': b25.input, Signature: b25.signature },
    )
  })

  const b26 = {
    input:
      'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    signature:
      'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:',
  }

  test('B.2.6, signing a request using ed25519', () => {
    const { base, signature } = read(testRequest, b26.input, b26.signature)
    assert.equal(
      base,
      '"date": Tue, 20 Apr 2021 02:07:55 GMT\n' +
        '"@method": POST\n' +
        '"@path": /foo\n' +
        '"@authority": example.com\n' +
        '"content-type": application/json\n' +
        '"content-length": 18\n' +
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    )
    assert.ok(verifyBase('ed25519', ed25519PublicKey, base, signature))
    assert.deepEqual(
      signMessage(testRequest, {
        algorithm: 'ed25519',
        key: ed25519PrivateKey,
        label: 'sig-b26',
        components: ['date', '@method', '@path', '@authority', 'content-type', 'content-length'],
        parameters: { created: 1618884473, keyid: 'test-key-ed25519' },
      }),
      { 'Signature-Input': b26.input, Signature: b26.signature },
    )
  })

  test('test-key-ecc-p256, round trip of ecdsa-p256-sha256 with 64 octets', () => {
    const fields = signMessage(testRequest, {
      algorithm: 'ecdsa-p256-sha256',
      key: eccPrivateKey,
      parameters: { created: 1618884473, keyid: 'test-key-ecc-p256' },
    })
    const { base, signature } = read(testRequest, fields['Signature-Input'], fields.Signature)
    assert.ok(typeof base === 'string')
    assert.equal(signature.length, 64)
    assert.ok(verifyBase('ecdsa-p256-sha256', eccPublicKey, base, signature))
    const der = verify('sha256', Buffer.from(base), eccPublicKey, signature)
    assert.equal(der, false, 'the signature is not DER')
  })
})

test('section 2.5 and 3.2, the worked example', () => {
  const { base, signature } = read(
    testRequest,
    'sig1=("@method" "@authority" "@path" "content-digest" "content-length" "content-type");created=1618884473;keyid="test-key-rsa-pss"',
    'sig1=:HIbjHC5rS0BYaa9v4QfD4193TORw7u9edguPh0AW3dMq9WImrlFrCGUDih47vAxi4L2YRZ3XMJc1uOKk/J0ZmZ+wcta4nKIgBkKq0rM9hs3CQyxXGxHLMCy8uqK488o+9jrptQ+xFPHK7a9sRL1IXNaagCNN3ZxJsYapFj+JXbmaI5rtAdSfSvzPuBCh+ARHBmWuNo1UzVVdHXrl8ePL4cccqlazIJdC4QEjrF+Sn4IxBQzTZsL9y9TP5FsZYzHvDqbInkTNigBcE9cKOYNFCn4D/WM7F6TNuZO9EgtzepLWcjTymlHzK7aXq6Am6sfOrpIC49yXjj3ae6HRalVc/g==:',
  )
  assert.equal(
    base,
    '"@method": POST\n' +
      '"@authority": example.com\n' +
      '"@path": /foo\n' +
      '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n' +
      '"content-length": 18\n' +
      '"content-type": application/json\n' +
      '"@signature-params": ("@method" "@authority" "@path" "content-digest" "content-length" "content-type");created=1618884473;keyid="test-key-rsa-pss"',
  )
  assert.ok(isSignedRsaPss(base, signature))
})

test('appendix B.3, the TLS-terminating proxy, ecdsa-p256-sha256', () => {
  const clientCert =
    ':MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:'
  const message = {
    ...testRequest,
    authority: 'service.internal.example',
    headers: [...testRequest.headers, 'Client-Cert', clientCert],
  }
  const { base, signature } = read(
    message,
    'ttrp=("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256"',
    'ttrp=:xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==:',
  )
  assert.ok(typeof base === 'string')
  assert.ok(verifyBase('ecdsa-p256-sha256', eccPublicKey, base, signature))
})

describe('appendix B.4, transformations', () => {
  const original: Message = {
    method: 'GET',
    path: '/demo',
    query: 'name1=Value1&Name2=value2',
    authority: 'example.org',
    scheme: 'https',
    headers: [
      ...['Date', 'Fri, 15 Jul 2022 14:24:55 GMT'],
      ...['Accept', 'application/json'],
      ...['Accept', '*/*'],
    ],
  }
  const isSigned = (message: Message) => {
    const { base, signature } = read(
      message,
      'transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"',
      'transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:',
    )
    return verifyBase('ed25519', ed25519PublicKey, base as string, signature)
  }

  test('the original is signed', () => assert.ok(isSigned(original)))

  test('a query parameter and a header that are not covered may be added', () => {
    const headers = [...original.headers, 'Accept-Language', 'en-US,en;q=0.5']
    assert.ok(isSigned({ ...original, query: `${original.query}&param=added`, headers }))
  })

  test('the lines of a field may be joined', () => {
    assert.ok(isSigned({ ...original, headers: ['Accept', 'application/json, */*'] }))
  })

  test('method and authority may not be changed', () => {
    assert.ok(!isSigned({ ...original, method: 'POST', authority: 'example.com' }))
  })

  test('the lines of a field may not change places', () => {
    assert.ok(!isSigned({ ...original, headers: ['Accept', '*/*', 'Accept', 'application/json'] }))
  })
})

describe('section 2.1, fields', () => {
  const message = {
    ...testRequest,
    headers: [
      ...['Host', 'www.example.com'],
      ...['Date', 'Tue, 20 Apr 2021 02:07:56 GMT'],
      ...['X-OWS-Header', '   Leading and trailing whitespace.   '],
      ...['X-Obs-Fold-Header', 'Obsolete\r\n    line folding.'],
      ...['Cache-Control', 'max-age=60'],
      ...['Cache-Control', '    must-revalidate'],
      ...['Example-Dict', '  a=1,    b=2;x=1;y=2,   c=(a   b   c)'],
      ...['X-Empty-Header', ' '],
    ],
  }
  const types: FieldTypes = new Map([['example-dict', 'dictionary']])

  test('values', () => {
    assert.deepEqual(
      lines(
        message,
        '"host" "date" "x-ows-header" "x-obs-fold-header" "cache-control" "example-dict" "x-empty-header"',
      ),
      [
        '"host": www.example.com',
        '"date": Tue, 20 Apr 2021 02:07:56 GMT',
        '"x-ows-header": Leading and trailing whitespace.',
        '"x-obs-fold-header": Obsolete line folding.',
        '"cache-control": max-age=60, must-revalidate',
        '"example-dict": a=1,    b=2;x=1;y=2,   c=(a   b   c)',
        '"x-empty-header": ',
      ],
    )
  })

  test('2.1.1, strict serialization', () => {
    assert.deepEqual(lines(message, '"example-dict";sf', types), [
      '"example-dict";sf: a=1, b=2;x=1;y=2, c=(a b c)',
    ])
  })

  test('2.1.2, dictionary members', () => {
    const headers = ['Example-Dict', '  a=1, b=2;x=1;y=2, c=(a   b    c), d']
    assert.deepEqual(
      lines(
        { ...message, headers },
        '"example-dict";key="a" "example-dict";key="d" "example-dict";key="b" "example-dict";key="c"',
      ),
      [
        '"example-dict";key="a": 1',
        '"example-dict";key="d": ?1',
        '"example-dict";key="b": 2;x=1;y=2',
        '"example-dict";key="c": (a b c)',
      ],
    )
  })

  test('2.1.3, binary-wrapped fields', () => {
    const two = ['Example-Header', 'value, with, lots', 'Example-Header', 'of, commas']
    const one = ['Example-Header', 'value, with, lots, of, commas']
    const both = '"example-header" "example-header";bs'
    assert.deepEqual(lines({ ...message, headers: two }, both), [
      '"example-header": value, with, lots, of, commas',
      '"example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:',
    ])
    assert.deepEqual(lines({ ...message, headers: one }, both), [
      '"example-header": value, with, lots, of, commas',
      '"example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:',
    ])
  })
})

describe('section 2.2, derived components', () => {
  const message: Message = {
    method: 'POST',
    path: '/path',
    query: 'param=value',
    authority: 'www.example.com',
    scheme: 'https',
    headers: [],
  }
  const line = (components: string, changes: Partial<Message> = {}) =>
    lines({ ...message, ...changes }, components)

  test('2.2.1, method', () => assert.deepEqual(line('"@method"'), ['"@method": POST']))

  test('2.2.2, target URI', () => {
    assert.deepEqual(line('"@target-uri"'), [
      '"@target-uri": https://www.example.com/path?param=value',
    ])
  })

  test('2.2.3, authority, in lower case and without the default port', () => {
    assert.deepEqual(line('"@authority"'), ['"@authority": www.example.com'])
    assert.deepEqual(line('"@authority"', { authority: 'WWW.example.com:443' }), [
      '"@authority": www.example.com',
    ])
    assert.deepEqual(line('"@authority"', { authority: 'www.example.com:8443' }), [
      '"@authority": www.example.com:8443',
    ])
    assert.deepEqual(line('"@authority"', { authority: 'www.example.com:80', scheme: 'http' }), [
      '"@authority": www.example.com',
    ])
  })

  test('2.2.4, scheme', () => {
    assert.deepEqual(line('"@scheme"', { scheme: 'http' }), ['"@scheme": http'])
  })

  test('2.2.5, request target in origin form', () => {
    assert.deepEqual(line('"@request-target"'), ['"@request-target": /path?param=value'])
  })

  test('2.2.6, path', () => {
    assert.deepEqual(line('"@path"'), ['"@path": /path'])
    assert.deepEqual(line('"@path"', { path: '' }), ['"@path": /'])
  })

  test('2.2.7, query', () => {
    const query = 'param=value&foo=bar&baz=bat%2Dman'
    assert.deepEqual(line('"@query"', { query }), [`"@query": ?${query}`])
    assert.deepEqual(line('"@query"', { query: 'queryString' }), ['"@query": ?queryString'])
    assert.deepEqual(line('"@query"', { query: undefined }), ['"@query": ?'])
  })

  test('2.2.8, query parameters', () => {
    assert.deepEqual(
      line('"@query-param";name="baz" "@query-param";name="qux" "@query-param";name="param"', {
        query: 'param=value&foo=bar&baz=batman&qux=',
      }),
      [
        '"@query-param";name="baz": batman',
        '"@query-param";name="qux": ',
        '"@query-param";name="param": value',
      ],
    )
  })

  test('2.2.8, encoded query parameters', () => {
    const query =
      'var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something'
    assert.deepEqual(
      line(
        '"@query-param";name="var" "@query-param";name="bar" "@query-param";name="fa%C3%A7ade%22%3A%20"',
        { query },
      ),
      [
        '"@query-param";name="var": this%20is%20a%20big%0Amultiline%20value',
        '"@query-param";name="bar": with%20plus%20whitespace',
        '"@query-param";name="fa%C3%A7ade%22%3A%20": something',
      ],
    )
  })
})
