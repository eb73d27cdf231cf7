import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { ed25519PublicPem } from '../conformance/rfc9421-keys.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings } from '../support/gateway.ts'
import { loopbackTls, pemFile } from '../support/tls/pem.ts'
import { faultsAt } from './config-faults.ts'

const digest = (digit: string) => digit.repeat(64)
const tokens = ['env:ACME_TOKEN', 'env:GLOBEX_TOKEN']

/** A listener to which a proxy forwards certificates. */
const forwarding = { trustedProxies: ['192.0.2.1'], clientCertificateHeader: 'Client-Cert' }

/** The integrations at fault, of a list of pins; by their places in it. */
async function faultsOf(
  pins: readonly Readonly<Record<string, unknown>>[],
  hasToken: readonly boolean[] = [],
  listen: object = forwarding,
): Promise<string[]> {
  const integrations = pins.map((clientCertificate, index) => ({
    name: `partner-${index}`,
    credentials: { clientCertificate, ...(hasToken[index] && { token: tokens[index] }) },
    upstream: { bearer: 'env:MAGENTO_TOKEN' },
  }))
  await using files = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: 'http://127.0.0.1:1', gateway: { listen } },
      'audit.jsonl',
    ),
    integrations: Object.fromEntries(integrations.map((each, index) => [String(index), each])),
  })
  return (await faultsAt(files.path)).map(({ file, pointer, expected }) =>
    `${file} ${pointer}: ${expected}`.replaceAll(`${files.path}/integrations/`, ''),
  )
}

const fault = (file: number, other: number) =>
  `${file}.yaml /credentials/clientCertificate: a certificate that is not one of ${other}.yaml too, or a token in both`

test('a key that is pinned for two integrations is a fault at the second', async () => {
  const pins = [
    { spkiSha256: [digest('a'), digest('b')] },
    { spkiSha256: [digest('c')] },
    { spkiSha256: [digest('d'), digest('b')] },
  ]
  assert.deepEqual(await faultsOf(pins), [fault(2, 0)])
  assert.deepEqual(await faultsOf(pins.slice(0, 2)), [])
})

test('a certificate that meets the subject of another integration too is a fault, in either order', async () => {
  const wide = { subject: { O: 'Acme' } }
  const narrow = { subject: { CN: 'acme-erp', O: 'Acme' } }
  const apart = { subject: { CN: 'acme-pim', O: 'Acme' } }
  assert.deepEqual(await faultsOf([wide, narrow]), [fault(1, 0)])
  assert.deepEqual(await faultsOf([narrow, wide]), [fault(0, 1)])
  assert.deepEqual(await faultsOf([narrow, { subject: { O: 'Acme', CN: 'acme-erp' } }]), [
    fault(1, 0),
  ])
  assert.deepEqual(await faultsOf([narrow, apart]), [])
})

test('a certificate may be pinned for two integrations whose tokens tell which it is', async () => {
  const pin = { spkiSha256: [digest('a')] }
  assert.deepEqual(await faultsOf([pin, pin], [true, true]), [])
  assert.deepEqual(await faultsOf([pin, pin], [true, false]), [fault(1, 0)])
  assert.deepEqual(await faultsOf([pin, pin], [false, true]), [fault(1, 0)])
})

test('a certificate or key of another integration is a fault beside other faults of its file', async () => {
  const keys = [{ id: 'k1', algorithm: 'ed25519', publicKey: 'file:key.pem' }]
  const signature = { scheme: 'rfc9421', keys }
  const credentials = { clientCertificate: { spkiSha256: [digest('a')] }, signature }
  const partner = (name: string, policies: object) => ({
    name,
    credentials,
    upstream: { bearer: 'env:MAGENTO_TOKEN' },
    policies,
  })
  const publicUrl = 'https://gateway.example'
  await using files = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: 'http://127.0.0.1:1', gateway: { listen: { ...forwarding, publicUrl } } },
      'audit.jsonl',
    ),
    integrations: {
      one: partner('one', { rateLimit: { rate: 'fast' } }),
      two: partner('two', {}),
    },
  })
  await writeFile(join(files.path, 'key.pem'), ed25519PublicPem)
  assert.deepEqual(
    (await faultsAt(files.path)).map(({ file, pointer }) => `${basename(file)} ${pointer}`),
    [
      'one.yaml /policies/rateLimit/rate',
      'two.yaml /credentials/signature/keys/0',
      'two.yaml /credentials/clientCertificate',
    ],
  )
})

test('a certificate that no caller could show is a fault', async () => {
  const withAuthority = { tls: { ...loopbackTls, clientCaFile: pemFile('ca.cert') } }
  const { trustedProxies, clientCertificateHeader } = forwarding
  const key = { spkiSha256: [digest('a')] }
  const subject = { subject: { CN: 'acme-erp' } }
  const unseen =
    '0.yaml /credentials/clientCertificate: a listener to which callers can show it: tls, or trustedProxies with clientCertificateHeader'
  for (const listen of [{}, { trustedProxies }, { clientCertificateHeader }]) {
    assert.deepEqual(await faultsOf([key], [true], listen), [unseen], JSON.stringify(listen))
  }
  assert.deepEqual(await faultsOf([key], [], { tls: loopbackTls }), [])
  assert.deepEqual(await faultsOf([subject], [], { tls: loopbackTls }), [
    '0.yaml /credentials/clientCertificate/subject: an authority that vouches for it: listen.tls.clientCaFile, or trustedProxies with clientCertificateHeader',
  ])
  assert.deepEqual(await faultsOf([subject], [], withAuthority), [])
  assert.deepEqual(await faultsOf([subject], [], { tls: loopbackTls, ...forwarding }), [])
})
