import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AddressRefusedError,
  compileDestination,
  destinationFault,
  isCallbackUrl,
} from '../../src/callbacks/destination.ts'

function resolvingTo(...addresses: string[]) {
  const asked: string[] = []
  return {
    asked,
    resolve: async (hostname: string) => {
      asked.push(hostname)
      return addresses
    },
  }
}

describe('the addresses of a call-back', () => {
  test('are all that its name has', async () => {
    const { asked, resolve } = resolvingTo(
      '93.184.215.14',
      '2606:2800:21f:cb07:6820:80da:af6b:8b2c',
    )
    const destination = compileDestination('https://erp.example/hooks', [])
    assert.deepEqual(await destination.addresses(resolve), await resolve(''))
    assert.deepEqual(asked.slice(0, 1), ['erp.example'])
  })

  test('are refused together where one of them is not public', async () => {
    const destination = compileDestination('https://erp.example/hooks', [])
    for (const other of [
      ...['127.0.0.1', '10.0.0.1', '169.254.169.254', '100.64.0.1', '::1', 'fd00::1', 'fe80::1'],
      ...[
        '::ffff:127.0.0.1',
        '::ffff:93.184.215.14',
        '64:ff9b::7f00:1',
        '2002:7f00:1::',
        '224.0.0.1',
      ],
    ]) {
      for (const found of [[other], ['93.184.215.14', other], [other, '93.184.215.14']]) {
        await assert.rejects(
          destination.addresses(resolvingTo(...found).resolve),
          AddressRefusedError,
          other,
        )
      }
    }
  })

  test('are refused where there is none', async () => {
    const destination = compileDestination('https://erp.example/hooks', ['0.0.0.0/0', '::/0'])
    await assert.rejects(destination.addresses(resolvingTo().resolve), AddressRefusedError)
  })

  test('are checked too where the host is an address, however it is written, and nobody is asked', async () => {
    for (const host of [
      ...['127.0.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '127.1', '127.0.0.1.'],
      ...['①②⑦.0.0.1', '0', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::7f00:1]'],
      ...['[64:ff9b::7f00:1]', '[fd00::1]', '10.0.0.1', '192.168.1.1', '3232235777'],
    ]) {
      const { asked, resolve } = resolvingTo('93.184.215.14')
      const destination = compileDestination(`https://${host}/`, [])
      await assert.rejects(destination.addresses(resolve), AddressRefusedError, host)
      assert.deepEqual(asked, [], host)
    }
  })

  test('that are allowed may be private, and nothing else may', async () => {
    const destination = compileDestination('https://erp.internal/', ['10.1.0.0/16', 'fd00:1::/32'])
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::7', '93.184.215.14']) {
      const { resolve } = resolvingTo(address)
      assert.deepEqual(await destination.addresses(resolve), [address])
    }
    for (const address of ['10.2.0.1', '127.0.0.1', 'fd00:2::7']) {
      await assert.rejects(destination.addresses(resolvingTo(address).resolve), AddressRefusedError)
    }
  })

  test('by plain http are allowed ones only', async () => {
    const destination = compileDestination('http://erp.internal/', ['10.1.0.0/16'])
    assert.deepEqual(await destination.addresses(resolvingTo('10.1.2.3').resolve), ['10.1.2.3'])
    await assert.rejects(
      destination.addresses(resolvingTo('93.184.215.14').resolve),
      AddressRefusedError,
    )
  })
})

describe('the URL of a call-back', () => {
  test('is http or https, without credentials and fragment', () => {
    for (const text of [
      'https://erp.example',
      'https://erp.example:8443/a?b=c',
      'http://10.1.2.3/',
    ]) {
      assert.ok(isCallbackUrl(text), text)
    }
    for (const text of [
      ...['', 'erp.example', '/hooks', 'ftp://erp.example/', 'file:///etc/passwd', 'https://'],
      ...['https://user@erp.example/', 'https://:pass@erp.example/', 'https://erp.example/#a'],
      ...['https://1.2.3.4.5/', 'https://[fe80::1%25eth0]/', 'javascript:alert(1)'],
    ]) {
      assert.ok(!isCallbackUrl(text), text)
    }
  })

  test('has a fault that the text alone shows: plain http, or an address that is not public', () => {
    assert.match(destinationFault('http://erp.example/', []) ?? '', /^https; plain http/)
    for (const url of ['https://2130706433/', 'https://[::ffff:10.0.0.1]/', 'https://10.0.0.1/']) {
      assert.match(destinationFault(url, []) ?? '', /^a public address/, url)
    }
    assert.match(
      destinationFault('http://93.184.215.14/', ['10.0.0.0/8']) ?? '',
      /^a public address/,
    )
  })

  test('has none where it is allowed, or where only DNS can tell', () => {
    for (const [url, allowed] of [
      ['https://erp.example/', []],
      ['https://93.184.215.14/', []],
      ['https://10.0.0.1/', ['10.0.0.0/8']],
      ['http://10.0.0.1/', ['10.0.0.0/8']],
      ['http://[::ffff:10.0.0.1]/', ['10.0.0.0/8']],
      ['http://erp.internal/', ['10.0.0.0/8']],
    ] as const) {
      assert.equal(destinationFault(url, allowed), undefined, url)
    }
  })
})
