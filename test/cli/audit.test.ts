import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { startGateway } from '../support/gateway.ts'
import { main, runCommand } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { startRedis } from '../support/redis.ts'
import { temporaryFolder } from '../support/shared.ts'
import { pemFile } from '../support/tls/pem.ts'

const folder = await temporaryFolder()

test('keygen makes a pair of keys, the private one for nobody else, and overwrites nothing', async () => {
  const out = join(folder, 'fresh')
  assert.equal((await runCommand(['audit', 'keygen', '--out', out])).exitCode, 0)
  assert.equal((await stat(`${out}.pem`)).mode & 0o777, 0o600)
  const pem = await readFile(`${out}.pem`, 'utf8')
  const again = await runHosted(['audit', 'keygen', '--out', out])
  assert.equal(again.exitCode, 1)
  assert.equal(await readFile(`${out}.pem`, 'utf8'), pem)
})

test('keygen leaves no private key beside the public one of another pair', async () => {
  const out = join(folder, 'half')
  await writeFile(`${out}.pub.pem`, 'of another pair')
  const { exitCode, stderr } = await runHosted(['audit', 'keygen', '--out', out])
  assert.equal(exitCode, 1)
  assert.match(stderr, /^audit keygen: EEXIST: .*half\.pub\.pem/)
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('half')),
    ['half.pub.pem'],
  )
})

test('keygen leaves no beginning of a key if the disk is full', async () => {
  const args = [
    '--fsize=10',
    process.execPath,
    main,
    'audit',
    'keygen',
    '--out',
    join(folder, 'full'),
  ]
  // Without a cache of compiled code, which could be cut off as well.
  const env = { PATH: process.env.PATH }
  await assert.rejects(promisify(execFile)('prlimit', args, { env }), { code: 1, stderr: /EFBIG/ })
  assert.ok((await readdir(folder)).every((name) => !name.startsWith('full')))
})

test('verify needs a FILE and a key that is one', async () => {
  assert.equal((await runHosted(['audit', 'verify'])).exitCode, 2)
  assert.equal((await runHosted(['audit', 'verify', join(folder, 'none')])).exitCode, 1)
  for (const key of ['README.md', pemFile('ca.cert')]) {
    const { exitCode, stderr } = await runHosted(['audit', 'verify', 'x', '--key', key])
    assert.equal(exitCode, 2)
    assert.match(stderr, /expected a readable Ed25519 public key/)
  }
  const mistyped = await runHosted(['audit', 'verify', 'x', '--lost', '41'])
  assert.deepEqual([mistyped.exitCode, mistyped.stdout], [2, ''])
  assert.match(mistyped.stderr, /--lost must be FROM-TO/)
})

test('what a gateway has written is verified, in its second places too, and what was changed is named', async () => {
  const out = join(folder, 'key')
  await runHosted(['audit', 'keygen', '--out', out])
  // In a folder that the first start has to make.
  const file = join(folder, 'made', 'audit.jsonl')
  const posted: string[] = []
  const receiver = createServer(async (request, response) => {
    posted.push(await text(request))
    response.end()
  }).listen(0, '127.0.0.1')
  await using redis = await startRedis()
  await using upstream = await startRawUpstream()
  const checkpoints = {
    key: `file:${out}.pem`,
    everyRecords: 3,
    copyTo: {
      file: join(folder, 'second'),
      url: 'env:RECEIVER',
      redis: { url: 'env:REDIS', stream: 'audit' },
    },
  }
  {
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { audit: { file, checkpoints } },
      env: {
        RECEIVER: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
        REDIS: redis.url,
      },
    })
    for (let n = 0; n < 7; n += 1) {
      await send(gateway.url, { method: 'POST', path: '/rest/V1/products', headers: globexHeaders })
    }
  }
  receiver.close()
  const own = await readFile(`${file}.checkpoints`, 'utf8')
  const lines = own.trimEnd().split('\n')
  // What is written while one is made belongs to the next one.
  assert.ok(lines.length === 2 || lines.length === 3, own)
  assert.equal(await readFile(join(folder, 'second'), 'utf8'), own)
  assert.deepEqual(posted, lines)
  const client = new Redis(redis.url)
  const entries = await client.xrange('audit', '-', '+')
  client.disconnect()
  assert.deepEqual(
    entries.map(([, [, line]]) => line),
    lines,
  )

  const verify = ['audit', 'verify', file, '--key', `${out}.pub.pem`]
  const whole = await runHosted(verify)
  assert.equal(whole.exitCode, 0, whole.stderr)
  const ok = (checkpoints: number) => `ok, 7 record(s), ${checkpoints} checkpoint(s)`
  assert.ok(whole.stdout.includes(ok(lines.length)), whole.stdout)

  const alone = join(folder, 'alone')
  await copyFile(file, alone)
  const unsigned = await runHosted(['audit', 'verify', alone, '--key', `${out}.pub.pem`])
  assert.equal(unsigned.exitCode, 1)
  assert.match(unsigned.stderr, /alone\.checkpoints: there is no such file; name the checkpoints/)
  const second = ['--key', `${out}.pub.pem`, '--checkpoints', join(folder, 'second')]
  const bySecond = await runHosted(['audit', 'verify', alone, ...second])
  assert.ok(bySecond.stdout.includes(ok(lines.length)), bySecond.stderr)
  // Its own ones, if it has any, count as well.
  await writeFile(`${alone}.checkpoints`, 'no checkpoint\n')
  const byBoth = await runHosted(['audit', 'verify', alone, ...second])
  assert.match(byBoth.stderr, /alone\.checkpoints:1: this line is not a checkpoint/)

  // As by a loss of power, on a disk that had not stored what it had confirmed.
  const left = (await readFile(file, 'utf8')).split(/(?<=\n)/).slice(0, 5)
  await writeFile(file, left.join(''))
  {
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { audit: { file, checkpoints: { key: `file:${out}.pem` } } },
    })
    await send(gateway.url, { headers: globexHeaders })
  }
  const short = await runHosted(verify)
  assert.equal(short.exitCode, 1)
  assert.match(short.stderr, /records 6 to 7, which had been signed, are lost, as .*:6 tells; once/)
  assert.match(short.stdout, /ok apart from what is lost, 7 record/)
  const explained = await runHosted([...verify, '--lost', '6-7'])
  assert.equal(explained.exitCode, 0, explained.stderr)
  assert.match(explained.stdout, /are lost, as .*:6 tells\n/)
  assert.ok(explained.stdout.includes(ok(lines.length + 1)), explained.stdout)

  const written = await readFile(file, 'utf8')
  await writeFile(file, written.replace('"status":200', '"status":201'))
  const changed = await runHosted(verify)
  assert.equal(changed.exitCode, 1)
  assert.match(changed.stderr, /audit\.jsonl:1: this line is not a record/)
})
