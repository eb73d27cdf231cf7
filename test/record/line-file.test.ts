import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openLineFile } from '../../src/record/line-file.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'magegate-audit-file-'))
})
after(() => rm(folder, { recursive: true }))

function failOn(error: unknown): void {
  throw error
}

test('has written a line when it returns, after what was there, not for others to read', async () => {
  const file = join(folder, 'new', 'audit.jsonl')
  const first = openLineFile(file, undefined, failOn)
  first.write('one\n')
  assert.equal(await readFile(file, 'utf8'), 'one\n')
  first.close()
  const second = openLineFile(file, undefined, failOn)
  second.write('two\n')
  assert.equal(await readFile(file, 'utf8'), 'one\ntwo\n')
  second.close()
  assert.equal((await stat(file)).mode & 0o007, 0)
})

test('loses no line over rotations, and keeps as many files as it is told', async () => {
  const file = join(folder, 'rotated.jsonl')
  const line = `${'x'.repeat(65_535)}\n`
  const sink = openLineFile(file, { sizeMiB: 1, keep: 100 }, failOn)
  for (let index = 0; index < 40; index += 1) sink.write(line)
  sink.close()
  const files = (await readdir(folder)).filter((name) => name.startsWith('rotated.jsonl'))
  assert.equal(files.length, 3)
  let bytes = 0
  for (const name of files) {
    const content = await readFile(join(folder, name), 'utf8')
    assert.ok(
      content
        .split('\n')
        .slice(0, -1)
        .every((each) => `${each}\n` === line),
    )
    bytes += content.length
  }
  assert.equal(bytes, 40 * line.length)

  const strict = openLineFile(file, { sizeMiB: 1, keep: 1 }, failOn)
  for (let index = 0; index < 40; index += 1) strict.write(line)
  strict.close()
  const kept = (await readdir(folder)).filter((name) => name.startsWith('rotated.jsonl.'))
  assert.equal(kept.length, 1)
})

test('puts no file in the place of another that was put aside in the same millisecond', async () => {
  const file = join(folder, 'fast.jsonl')
  const sink = openLineFile(file, { sizeMiB: 1, keep: 100 }, failOn)
  const line = `${'x'.repeat(1_048_575)}\n`
  for (let index = 0; index < 20; index += 1) sink.write(line)
  sink.close()
  const files = (await readdir(folder)).filter((name) => name.startsWith('fast.jsonl'))
  assert.equal(files.length, 20)
})

test('goes on in the old file when it cannot be put aside', async () => {
  const file = join(folder, 'stuck.jsonl')
  const errors: unknown[] = []
  const sink = openLineFile(file, { sizeMiB: 1, keep: 1 }, (error) => errors.push(error))
  const line = `${'x'.repeat(1_048_575)}\n`
  sink.write(line)
  await rm(file)
  sink.write(line)
  assert.equal(errors.length, 1)
  sink.close()
})

test('a line that does not fit on the disk is told of, and does not spoil the next one', async () => {
  const sink = openLineFile('/dev/full', undefined, failOn)
  assert.throws(() => sink.write('lost\n'), { code: 'ENOSPC' })
  assert.throws(() => sink.write('lost too\n'), { code: 'ENOSPC' })
  sink.close()
})
