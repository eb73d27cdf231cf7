import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import fs, { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openLineFile } from '../../../src/record/trail/line-file.ts'
import { temporaryFolder } from '../../support/shared.ts'

const folder = await temporaryFolder()

function fail(error: unknown): void {
  throw error
}

const mebibyte = Buffer.from(`${'x'.repeat(1_048_575)}\n`)

test('has written a line when it says so, after the existing ones, in a file that others cannot read', async () => {
  const file = join(folder, 'new', 'audit.jsonl')
  const first = openLineFile(file, undefined, fail)
  await first.write(Buffer.from('one\n'))
  assert.equal(await readFile(file, 'utf8'), 'one\n')
  await first.close()
  const second = openLineFile(file, undefined, fail)
  await second.write(Buffer.from('two\n'))
  assert.equal(await readFile(file, 'utf8'), 'one\ntwo\n')
  await second.close()
  assert.equal((await stat(file)).mode & 0o007, 0)
})

test('puts a file aside that has its size', async () => {
  const file = join(folder, 'rotated.jsonl')
  const opened = openLineFile(file, { sizeMiB: 1 }, fail)
  const aside: string[] = []
  for (let index = 0; index < 4; index += 1) {
    assert.ok(!opened.isFull())
    await opened.write(mebibyte)
    assert.ok(opened.isFull())
    aside.push(await opened.rotate())
  }
  await opened.close()
  assert.equal((await stat(file)).mode & 0o007, 0)
  // In the same millisecond too, none takes the name of another.
  assert.equal(new Set(aside).size, 4)
  const kept = (await readdir(folder)).filter((name) => name.startsWith('rotated.jsonl.'))
  assert.deepEqual(
    kept.sort().map((name) => join(folder, name)),
    aside,
  )
  for (const name of aside) assert.equal((await stat(name)).size, mebibyte.length)
})

test('puts a file aside that has its age, unless it is empty', async (context) => {
  const file = join(folder, 'old.jsonl')
  const opened = openLineFile(file, { sizeMiB: 1, everyHours: 1 }, fail)
  const nextHour = Date.now() + 3_600_000
  context.mock.timers.enable({ apis: ['Date'], now: nextHour })
  assert.ok(!opened.isFull())
  await opened.write(Buffer.from('one\n'))
  assert.ok(opened.isFull())
  await opened.rotate()
  await opened.write(Buffer.from('two\n'))
  assert.ok(!opened.isFull())
  await opened.close()
})

test('a file that is there at the start is as old as its first line, whichever way the clock was set', async () => {
  for (const [ageMs, isFull] of [
    [0, false],
    [3_700_000, true],
    [-3_700_000, true],
  ] as const) {
    const file = join(folder, `${ageMs}.jsonl`)
    const time = new Date(Date.now() - ageMs).toISOString()
    await writeFile(file, `{"v":1,"time":"${time}","event":"rotated"}\n`)
    const opened = openLineFile(file, { sizeMiB: 1, everyHours: 1 }, fail)
    assert.equal(opened.isFull(), isFull)
    await opened.close()
  }
})

test('a file that does not say how old it is counts as new', async (context) => {
  const file = join(folder, 'foreign.jsonl')
  await writeFile(file, 'x')
  const opened = openLineFile(file, { sizeMiB: 1, everyHours: 1 }, fail)
  assert.ok(!opened.isFull())
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 })
  assert.ok(opened.isFull())
  await opened.close()
})

test('goes on in the old file when it cannot be put aside', async () => {
  const file = join(folder, 'stuck.jsonl')
  const opened = openLineFile(file, { sizeMiB: 1 }, fail)
  await rm(file)
  await assert.rejects(opened.rotate(), { code: 'ENOENT' })
  assert.deepEqual(await opened.write(mebibyte), { bytes: mebibyte.length })
  await opened.close()
})

test('tells how much of a line is written where the disk is full', async () => {
  const opened = openLineFile('/dev/full', undefined, fail)
  const { bytes, error } = await opened.write(mebibyte)
  assert.equal(bytes, 0)
  assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  await opened.close()
})

test('can be put aside again after no new file could be opened', async (context) => {
  const file = join(folder, 'no-more-files.jsonl')
  const opened = openLineFile(file, { sizeMiB: 1 }, fail)
  await promisify(execFile)('prlimit', ['--pid', String(process.pid), '--nofile=256:'])
  const others: number[] = []
  const { rename } = fs
  // Not before: a name that no file has is found in the folder, which has to be opened for that.
  context.mock.method(fs, 'rename', async (from: string, to: string) => {
    await rename(from, to)
    try {
      for (;;) others.push(openSync('/dev/null', 'r'))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE')
    }
  })
  syncBuiltinESMExports()
  await assert.rejects(opened.rotate(), { code: 'EMFILE', syscall: 'open' })
  context.mock.reset()
  syncBuiltinESMExports()
  for (const each of others) closeSync(each)
  await opened.write(Buffer.from('one\n'))
  const aside = await opened.rotate()
  await opened.write(Buffer.from('two\n'))
  await opened.close()
  assert.equal(await readFile(aside, 'utf8'), 'one\n')
  assert.equal(await readFile(file, 'utf8'), 'two\n')
})

test('tells of a file that does not close, and goes on in the next one', async () => {
  const file = join(folder, 'unclosed.jsonl')
  const told: unknown[] = []
  const lower = openSync('/dev/null', 'r')
  const opened = openLineFile(file, { sizeMiB: 1 }, (error) =>
    told.push((error as NodeJS.ErrnoException).code),
  )
  closeSync(descriptorOf(file))
  // The next file gets this number, and not that one.
  closeSync(lower)
  await opened.rotate()
  await opened.write(Buffer.from('one\n'))
  assert.equal(await readFile(file, 'utf8'), 'one\n')
  closeSync(descriptorOf(file))
  await opened.close()
  assert.deepEqual(told, ['EBADF', 'EBADF'])
})

/** The number under which this process has a file open. */
function descriptorOf(file: string): number {
  const numbers = readdirSync('/proc/self/fd').map(Number)
  const found = numbers.find((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`) === file
    } catch {
      // That of the folder itself is gone.
      return false
    }
  })
  assert.ok(found !== undefined)
  return found
}
