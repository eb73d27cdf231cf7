import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { appendFile, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import {
  connect,
  createServer,
  getCACertificates,
  type Server,
  setDefaultCACertificates,
} from 'node:tls'
import {
  type CertificateRenewal,
  type Renewal,
  renewCertificate,
} from '../../src/server/certificate-renewal.ts'
import { endsOf, readTlsMaterial, secureContextOptions } from '../../src/server/tls.ts'
import { globex, startGateway, type TestGateway } from '../support/gateway.ts'
import { scrape, scrapeUntil } from '../support/metrics.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'
import { temporaryFolder } from '../support/shared.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

/** The name that the certificate of a server has. */
async function nameAt(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { raw } = socket.getPeerCertificate()
  socket.destroy()
  return nameOf(new X509Certificate(raw))
}
const nameOf = ({ fingerprint256 }: X509Certificate) => fingerprint256
const endOf = (name: string) => new X509Certificate(pem(`${name}.cert`)).validToDate.getTime()
const names = {
  loopback: nameOf(new X509Certificate(pem('loopback.cert'))),
  elsewhere: nameOf(new X509Certificate(pem('elsewhere.cert'))),
}

/** What the metric tells of the ends of certificates. */
async function shownEnds({ adminUrl }: TestGateway): Promise<string[]> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
  const series = /^magegate_certificate_not_after_timestamp_seconds(.+)$/gm
  return [...metrics.matchAll(series)].map(([, rest = '']) => rest)
}

const folder = await temporaryFolder()
const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }

async function writePair(name: string, into = folder): Promise<void> {
  await writeFile(join(into, 'tls.crt'), pem(`${name}.cert`))
  await writeFile(join(into, 'tls.key'), pem(`${name}.key`))
}

describe('a server that looks for a new certificate', () => {
  let server: Server
  let renewal: CertificateRenewal
  let reported: Renewal[]
  let now: number

  /** Starts it with the pair that the folder holds. */
  async function start(): Promise<void> {
    const inUse = await readTlsMaterial(files)
    server = createServer(secureContextOptions(inUse), (socket) => socket.on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    // It looks when the test says so.
    const source = { files, inUse, everyMs: 3_600_000, clock: () => now }
    renewal = renewCertificate(server, source, (found) => reported.push(found))
  }
  const portOf = () => (server.address() as { port: number }).port
  const served = () => nameAt(portOf())

  beforeEach(async () => {
    reported = []
    now = Date.now()
    await rm(folder, { recursive: true })
    await mkdir(folder)
    await writePair('loopback')
    await start()
  })
  const stop = () => {
    renewal.stop()
    server.close()
  }
  afterEach(stop)

  test('leaves it as it is while the files are the same', async () => {
    await writePair('loopback')
    assert.deepEqual(await renewal.look(), { state: 'unchanged' })
    assert.deepEqual(reported, [])
  })

  test('takes files that were written over', async () => {
    await writePair('elsewhere')
    assert.deepEqual(await renewal.look(), {
      state: 'renewed',
      ends: { listenerMs: endOf('elsewhere') },
    })
    assert.equal(await served(), names.elsewhere)
    assert.deepEqual(await renewal.look(), { state: 'unchanged' })
    assert.equal(reported.length, 1)
  })

  test('makes handshakes by the same rules as before', async () => {
    await writePair('elsewhere')
    await renewal.look()
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' } as const
    const socket = connect({ port: portOf(), rejectUnauthorized: false, ...weak })
    await assert.rejects(once(socket, 'secureConnect'), { code: /ALERT_HANDSHAKE_FAILURE$/ })
    assert.equal(await served(), names.elsewhere)
  })

  test('takes one that is not valid yet as soon as it is', async () => {
    const { validFromDate } = new X509Certificate(pem('named.cert'))
    now = validFromDate.getTime() - 1
    await writePair('named')
    const reason = 'a certificate that is valid from 2026-11-29T09:33:37.000Z'
    assert.deepEqual(await renewal.look(), { state: 'kept', reason })
    assert.equal(await served(), names.loopback)
    now += 1
    assert.equal((await renewal.look()).state, 'renewed')
    assert.notEqual(await served(), names.loopback)
  })

  test('takes one that has expired only in place of another one that has', async () => {
    await writePair('named')
    await renewal.look()
    now = endOf('elsewhere') + 1
    await writePair('elsewhere')
    const reason = 'a certificate that expired at 2126-10-31T00:42:29.000Z'
    assert.deepEqual(await renewal.look(), { state: 'kept', reason })
    now = endOf('named') + 1
    assert.equal((await renewal.look()).state, 'renewed')
    assert.equal(await served(), names.elsewhere)
  })

  test('takes files that were renamed into place', async () => {
    const next = join(folder, 'next')
    await mkdir(next)
    await writePair('elsewhere', next)
    await rename(join(next, 'tls.crt'), files.certFile)
    await rename(join(next, 'tls.key'), files.keyFile)
    await renewal.look()
    assert.equal(await served(), names.elsewhere)
  })

  test('uses files behind a swapped symbolic link, as Kubernetes swaps it', async () => {
    stop()
    for (const [version, pair] of [
      ['..1', 'loopback'],
      ['..2', 'elsewhere'],
    ] as const) {
      await mkdir(join(folder, version))
      await writePair(pair, join(folder, version))
    }
    await symlink('..1', join(folder, '..data'))
    for (const name of ['tls.crt', 'tls.key']) {
      await rm(join(folder, name))
      await symlink(join('..data', name), join(folder, name))
    }
    await start()
    assert.equal(await served(), names.loopback)
    await symlink('..2', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await renewal.look()
    assert.equal(await served(), names.elsewhere)
  })

  for (const [name, damage] of Object.entries({
    'a certificate without its key': () => writeFile(files.certFile, pem('elsewhere.cert')),
    'a key without its certificate': () => writeFile(files.keyFile, pem('elsewhere.key')),
    'half a certificate': () => writeFile(files.certFile, pem('elsewhere.cert').slice(0, 300)),
    'half a key': () => writeFile(files.keyFile, pem('loopback.key').slice(0, 100)),
    'an empty file': () => writeFile(files.certFile, ''),
    'no file': () => rm(files.keyFile),
  })) {
    test(`keeps the old one, says so once, and takes what comes next: ${name}`, async () => {
      await damage()
      const kept = await renewal.look()
      assert.equal(kept.state, 'kept')
      assert.deepEqual(await renewal.look(), kept)
      assert.deepEqual(reported, [kept])
      assert.doesNotMatch(JSON.stringify(kept), /PRIVATE|MIG|MHc/)
      assert.equal(await served(), names.loopback)
      await writePair('elsewhere')
      assert.equal((await renewal.look()).state, 'renewed')
      assert.equal(await served(), names.elsewhere)
    })
  }

  test('says again what is wrong if it was right in between', async () => {
    const half = pem('loopback.cert').slice(0, 300)
    for (const right of ['loopback', 'elsewhere']) {
      await writeFile(files.certFile, half)
      await renewal.look()
      await writePair(right)
      await renewal.look()
    }
    await writeFile(files.certFile, half)
    await renewal.look()
    const states = reported.map(({ state }) => state)
    assert.deepEqual(states, ['kept', 'kept', 'renewed', 'kept'])
  })
})

describe('a server that asks for certificates', () => {
  /** Whether it trusts the authority of a caller. */
  async function trusts(server: Server): Promise<boolean> {
    const accepted = once(server, 'secureConnection')
    const { port } = server.address() as { port: number }
    const shown = { cert: pem('client.cert'), key: pem('client.key') }
    const socket = connect({ port, rejectUnauthorized: false, ...shown })
    const [{ authorized }] = await accepted
    socket.destroy()
    return authorized
  }

  async function start(clientCaFile?: string) {
    const files = { ...loopbackTls, ...(clientCaFile !== undefined && { clientCaFile }) }
    const inUse = await readTlsMaterial(files)
    const asked = { requestCert: true, rejectUnauthorized: false }
    const server = createServer({ ...secureContextOptions(inUse), ...asked }, (socket) =>
      socket.on('error', () => {}),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { look, stop } = renewCertificate(
      server,
      { files, inUse, everyMs: 3_600_000, clock: Date.now },
      () => {},
    )
    const close = () => {
      stop()
      server.close()
    }
    return { server, look, [Symbol.dispose]: close }
  }

  test('takes another file of authorities, unless it is incomplete', async () => {
    const file = join(folder, 'authorities.crt')
    await writeFile(file, pem('ca.cert'))
    using running = await start(file)
    assert.equal(await trusts(running.server), true)
    const half = pem('ca.cert').slice(0, 300)
    for (const damaged of ['', half, `${pem('elsewhere.cert')}${half}`, pem('loopback.key')]) {
      await writeFile(file, damaged)
      assert.equal((await running.look()).state, 'kept')
      assert.equal(await trusts(running.server), true)
    }
    await writeFile(file, pem('elsewhere.cert'))
    assert.equal((await running.look()).state, 'renewed')
    assert.equal(await trusts(running.server), false)
    await writeFile(file, pem('ca.cert'))
    assert.equal((await running.look()).state, 'renewed')
    assert.equal(await trusts(running.server), true)
  })

  test('trusts no authority of the system', async () => {
    const before = getCACertificates('default')
    try {
      setDefaultCACertificates([pem('ca.cert')])
      using running = await start()
      assert.equal(await trusts(running.server), false)
    } finally {
      setDefaultCACertificates(before)
    }
  })
})

test('a look at the files that a later one has overtaken does not put back what it has read', async () => {
  await writePair('loopback')
  const clientCaFile = join(folder, 'long.crt')
  await writeFile(clientCaFile, pem('ca.cert'))
  const looked = { ...files, clientCaFile }
  const inUse = await readTlsMaterial(looked)
  await truncate(clientCaFile, 16_777_216)
  const used: unknown[] = []
  const server = { setSecureContext: ({ cert }: { cert?: unknown }) => used.push(String(cert)) }
  const source = { files: looked, inUse, everyMs: 3_600_000, clock: Date.now }
  const { look, stop } = renewCertificate(server, source, () => {})
  await writePair('named')
  const slow = look()
  // It reads this one last.
  while (!isOpenHere(clientCaFile)) await new Promise(setImmediate)
  await writePair('elsewhere')
  await writeFile(`${clientCaFile}.next`, pem('ca.cert'))
  await rename(`${clientCaFile}.next`, clientCaFile)
  assert.equal((await look()).state, 'renewed')
  assert.equal((await slow).state, 'unchanged')
  assert.deepEqual(used, [pem('elsewhere.cert')])
  stop()
})

/** Whether this process has a file open. */
function isOpenHere(file: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch {
      return false
    }
  })
}

test('the files are looked at again and again, once the look before is over, until it is stopped', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const inUse = await readTlsMaterial(loopbackTls)
  let looks = 0
  const watched = {
    get certFile() {
      looks += 1
      return loopbackTls.certFile
    },
    keyFile: loopbackTls.keyFile,
  }
  const server = { setSecureContext: () => assert.fail('the files are the same') }
  const source = { files: watched, inUse, everyMs: 1_000, clock: Date.now }
  const renew = () => renewCertificate(server, source, () => assert.fail('the files are the same'))
  const { stop } = renew()
  const looksAfter = (ms: number) => {
    t.mock.timers.tick(ms)
    return looks
  }
  assert.deepEqual([looksAfter(999), looksAfter(1), looksAfter(10_000)], [0, 1, 1])
  while (looksAfter(1_000) === 1) await new Promise(setImmediate)
  stop()
  // A look may still be under way, which alone would keep that one from another; this one has not looked yet.
  renew().stop()
  assert.equal(looksAfter(10_000), 2)
})

test('a gateway takes a new certificate without a restart, and open connections go on', async () => {
  await writePair('named')
  await using gateway = await startGateway({
    magentoUrl: 'http://127.0.0.1:1',
    gateway: { listen: { tls: { ...files, checkFilesMs: 20 }, requireHttps: true } },
  })
  const port = Number(new URL(gateway.url).port)
  const open = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(open, 'secureConnect')
  assert.notEqual(endOf('named'), endOf('elsewhere'))
  assert.notEqual(await nameAt(port), names.elsewhere)
  await writePair('elsewhere')
  while ((await nameAt(port)) !== names.elsewhere);
  open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [answer] = await once(open, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 400 /)
  open.destroy()
  assert.deepEqual(await shownEnds(gateway), [
    `{certificate="listener"} ${endOf('elsewhere') / 1000}`,
  ])
  // Files that were read while only one of them was written may count as well.
  const failures = 'magegate_certificate_failures_total'
  const before = (await scrape(gateway)).value(failures) ?? 0
  await writeFile(files.certFile, pem('loopback.cert').slice(0, 300))
  await scrapeUntil(gateway, ({ value }) => (value(failures) ?? 0) > before)
  assert.equal(await nameAt(port), names.elsewhere)
})

test('a gateway looks for a new certificate at each reload, also at one that is refused', async () => {
  await writePair('loopback')
  const listen = { tls: { ...files, checkFilesMs: 3_600_000 }, requireHttps: true }
  await using gateway = await startReloadable({
    magentoUrl: 'http://127.0.0.1:1',
    integrations: [globex],
    gateway: { listen },
  })
  const port = Number(new URL(gateway.url).port)
  await writePair('elsewhere')
  assert.equal((await gateway.reload()).status, 200)
  assert.equal(await nameAt(port), names.elsewhere)
  await writePair('loopback')
  await gateway.writeSettings({ listen: { ...listen, port: 1 } })
  assert.equal((await gateway.reload()).status, 422)
  assert.equal(await nameAt(port), names.loopback)
})

test('a gateway shows when the first certificate of its chain ends, and of the authorities of its callers', async () => {
  await writePair('named')
  await appendFile(join(folder, 'tls.crt'), pem('client.cert'))
  const clientCaFile = join(folder, 'ca.crt')
  await writeFile(clientCaFile, pem('elsewhere.cert'))
  await using gateway = await startGateway({
    magentoUrl: 'http://127.0.0.1:1',
    gateway: { listen: { tls: { ...files, clientCaFile }, requireHttps: true } },
  })
  assert.ok(endOf('elsewhere') < endOf('client') && endOf('client') < endOf('named'))
  assert.deepEqual(await shownEnds(gateway), [
    `{certificate="listener"} ${endOf('client') / 1000}`,
    `{certificate="client-ca"} ${endOf('elsewhere') / 1000}`,
  ])
})

test('tells the ends of certificates by whichever label OpenSSL takes them', async () => {
  await writePair('loopback')
  const { cert, ...rest } = await readTlsMaterial(files)
  const labelled = (label: string) =>
    Buffer.from(cert.toString().replaceAll(' CERTIFICATE-', ` ${label} CERTIFICATE-`))
  const material = { ...rest, cert: labelled('X509'), ca: [labelled('TRUSTED')] }
  secureContextOptions(material)
  assert.deepEqual(endsOf(material), {
    listenerMs: endOf('loopback'),
    clientCaMs: endOf('loopback'),
  })
})
