import assert from 'node:assert/strict'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text as streamText } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { openChainedFile } from '../../../src/record/trail/chained-file.ts'
import { segmentFiles } from '../../../src/record/trail/segment-files.ts'
import { deleteOldSegments, openSegments } from '../../../src/record/trail/segments.ts'
import { decompress } from '../../../src/verify/decompress.ts'
import { trailFiles } from '../../../src/verify/trail-files.ts'
import { verifyTrail } from '../../../src/verify/verify-trail.ts'
import { temporaryFolder } from '../../support/shared.ts'

const folder = await temporaryFolder()

function failOn(error: unknown): void {
  throw error
}

async function untilFinished(trail: string, suffix: string): Promise<void> {
  while (!segmentFiles(trail).every((file) => file.endsWith(suffix))) {
    await new Promise(setImmediate)
  }
}

for (const [compress, suffix] of [
  ['gzip', '.gz'],
  ['zstd', '.zst'],
] as const) {
  test(`compresses what is put aside with ${compress}, bit for bit, and loses no line`, async () => {
    const path = join(folder, `${compress}.jsonl`)
    const file = await openChainedFile(path, { sizeMiB: 1, keep: 100, compress }, failOn)
    const filler = 'é'.repeat(30_000)
    let text = ''
    for (let n = 1; n <= 60; n += 1) {
      text += (await file.append([JSON.stringify({ n, filler })])).join('')
    }
    await untilFinished(path, suffix)
    await file.close()
    assert.equal(segmentFiles(path).length, 3)
    let read = ''
    for (const segment of segmentFiles(path)) {
      read += await streamText(decompress(segment, createReadStream(segment)))
    }
    read += await readFile(path, 'utf8')
    const isEvent = (line: string) => line.includes('"event":')
    const records = read.split('\n').filter((line) => !isEvent(line))
    assert.equal(records.join('\n'), text)
    const report = await verifyTrail({ files: trailFiles(path), checkpointFiles: [] })
    assert.equal(report.fault, undefined)

    // The chain is taken up from a compressed file too, should its own be gone.
    await rm(path)
    await (await openChainedFile(path, { sizeMiB: 1, keep: 100, compress }, failOn)).close()
    const [line = ''] = (await readFile(path, 'utf8')).split('\n')
    assert.ok((JSON.parse(line) as { seq: number }).seq > 1)
  })
}

test('finishes at the start what was left unfinished', async () => {
  const trail = join(folder, 'left.jsonl')
  const segment = `${trail}.20260115T093000123Z`
  await writeFile(segment, '{"time":"2026-01-15T09:30:00.000Z","requestId":"a"}\n')
  await writeFile(`${segment}.tmp`, 'half of it')
  const segments = openSegments(trail, 'zstd', failOn)
  await untilFinished(trail, '.zst')
  await segments.close()
  assert.equal(
    zstdDecompressSync(await readFile(`${segment}.zst`)).toString(),
    '{"time":"2026-01-15T09:30:00.000Z","requestId":"a"}\n',
  )
})

for (const [compress, suffix, before] of [
  ['zstd', '.zst', '.gz'],
  ['gzip', '.gz', '.zst'],
] as const) {
  test(`leaves only the ${suffix} of what was cut off between its ${before} and the removal of its source`, async () => {
    const trail = join(folder, `from-${before}.jsonl`)
    const segment = `${trail}.20260115T093000123Z`
    for (const name of [segment, `${segment}${before}`]) await writeFile(name, '{"n":1}\n')
    const segments = openSegments(trail, compress, failOn)
    while (existsSync(segment)) await delay(5)
    await segments.close()
    assert.deepEqual(segmentFiles(trail), [`${segment}${suffix}`])
  })
}

test('loses nothing of a line that was cut off, and lets nobody else read what it writes', async () => {
  const trail = join(folder, 'cut.jsonl')
  const segment = `${trail}.20260115T093000123Z`
  const contents = '{"time":"2026-01-15T09:30:00.000Z","requestId":"a"}\n{"time":"2026'
  await writeFile(segment, contents)
  const segments = openSegments(trail, 'gzip', failOn)
  await untilFinished(trail, '.gz')
  await segments.close()
  assert.equal(gunzipSync(await readFile(`${segment}.gz`)).toString(), contents)
  for (const name of [`${segment}.gz`, `${segment}.idx`]) {
    assert.equal((await stat(name)).mode & 0o777, 0o640 & ~process.umask(), name)
  }
})

test('leaves what is finished, tells what cannot be finished, and goes on', async () => {
  const trail = join(folder, 'finished.jsonl')
  const names = ['20260115T093000123Z', '20260116T093000123Z', '20260117T093000123Z']
  const [finished, unusable, last] = names.map((name) => `${trail}.${name}`)
  const compressed = gzipSync('{"n":1}\n')
  await writeFile(`${finished}.gz`, compressed)
  await mkdir(`${unusable}`)
  await writeFile(`${last}`, '{"n":3}\n')
  const errors: unknown[] = []
  const segments = openSegments(trail, 'gzip', (error) => errors.push(error))
  while (segmentFiles(trail).at(-1) !== `${last}.gz`) await delay(5)
  await segments.close()
  assert.deepEqual(await readFile(`${finished}.gz`), compressed)
  assert.equal(errors.length, 1)
  assert.ok(!existsSync(`${unusable}.tmp`))
})

test('indexes what it does not compress, once', async () => {
  const trail = join(folder, 'indexed.jsonl')
  const [indexed, last] = ['20260115T093000123Z', '20260116T093000123Z'].map(
    (time) => `${trail}.${time}`,
  )
  await writeFile(`${indexed}`, '{"n":1}\n')
  await writeFile(`${indexed}.idx`, 'as it was')
  await writeFile(`${last}`, '{"n":2}\n')
  const segments = openSegments(trail, 'none', failOn)
  while (!existsSync(`${last}.idx`)) await delay(5)
  await segments.close()
  assert.equal(await readFile(`${indexed}.idx`, 'utf8'), 'as it was')
})

test('a file that was deleted before its turn is no fault', async () => {
  const trail = join(folder, 'deleted.jsonl')
  const [deleted, last] = ['20260115T093000123Z', '20260116T093000123Z'].map(
    (time) => `${trail}.${time}`,
  )
  const segments = openSegments(trail, 'none', failOn)
  segments.finish(`${deleted}`)
  await writeFile(`${last}`, '{"n":1}\n')
  segments.finish(`${last}`)
  while (!existsSync(`${last}.idx`)) await delay(5)
  await segments.close()
})

test('there are none where there is no folder', () => {
  assert.deepEqual(segmentFiles(join(folder, 'nowhere', 'audit.jsonl')), [])
})

test('deletes what is more than is kept, and what is older, with its index', async () => {
  const trail = join(folder, 'old.jsonl')
  const day = 86_400_000
  const names = [3, 2, 1, 0].map((days) => {
    const time = new Date(Date.now() - days * day - 1000).toISOString().replaceAll(/[-:.]/g, '')
    return `old.jsonl.${time}`
  })
  const suffixes = ['.zst', '.gz', '', '']
  for (const [index, name] of names.entries()) {
    await writeFile(join(folder, `${name}${suffixes[index]}`), '')
    await writeFile(join(folder, `${name}.idx`), '')
  }
  const foreign = join(folder, 'not-old.jsonl.20200101T000000000Z')
  await writeFile(foreign, '')
  const left = async () =>
    (await readdir(folder)).filter((name) => name.startsWith('old.jsonl')).sort()
  const signed = async () => undefined
  await deleteOldSegments(trail, { keep: 3 }, Date.now(), signed)
  assert.deepEqual(
    await left(),
    [`${names[1]}.gz`, `${names[1]}.idx`, names[2], `${names[2]}.idx`, names[3], `${names[3]}.idx`]
      .map(String)
      .sort(),
  )
  await deleteOldSegments(trail, { keep: 3, keepDays: 2 }, Date.now(), signed)
  assert.deepEqual(
    await left(),
    [names[2], `${names[2]}.idx`, names[3], `${names[3]}.idx`].map(String).sort(),
  )
  await deleteOldSegments(trail, { keep: 3, keepDays: 1 }, Date.now(), signed)
  assert.deepEqual(await left(), [names[3], `${names[3]}.idx`].map(String).sort())
  assert.ok((await stat(foreign)).isFile())
})

test('deletes nothing that was put aside while the lines before were being signed', async () => {
  const trail = join(folder, 'signing.jsonl')
  const putAside = (day: number) => writeFile(`${trail}.2026010${day}T000000000Z`, '')
  for (const day of [1, 2]) await putAside(day)
  await deleteOldSegments(trail, { keep: 1 }, 0, async () => {
    for (const day of [3, 4]) await putAside(day)
  })
  const left = segmentFiles(trail).map((file) => file.slice(trail.length))
  assert.deepEqual(left, ['.20260102T000000000Z', '.20260103T000000000Z', '.20260104T000000000Z'])
})

test('deletes nothing as too old where the clock was set forward for a moment', async (context) => {
  const path = join(folder, 'set-forward.jsonl')
  const rotation = { sizeMiB: 1, keep: 100, keepDays: 30, compress: 'none' } as const
  const file = await openChainedFile(path, rotation, failOn)
  const filler = JSON.stringify({ filler: 'x'.repeat(1_048_576) })
  for (const offsetMs of [0, 73 * 365 * 86_400_000, 0]) {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() + offsetMs })
    await file.append([filler])
    await file.append([filler])
    context.mock.timers.reset()
  }
  await file.close()
  assert.equal(segmentFiles(path).length, 5)
})

test('keeps the order of the chain where the clock is set back between two rotations', async (context) => {
  const path = join(folder, 'set-back.jsonl')
  const rotation = { sizeMiB: 1, keep: 100, compress: 'none' } as const
  const file = await openChainedFile(path, rotation, failOn)
  const filler = 'x'.repeat(1_048_576)
  for (const offsetMs of [0, -3_600_000, -3_599_000]) {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() + offsetMs })
    await file.append([JSON.stringify({ filler })])
    await file.append([JSON.stringify({ n: offsetMs })])
    context.mock.timers.reset()
  }
  await file.close()
  assert.equal(segmentFiles(path).length, 3)
  const report = await verifyTrail({ files: trailFiles(path), checkpointFiles: [] })
  assert.equal(report.fault, undefined)
})

test('is whole also where files are put aside or compressed between its listing and its reading', async () => {
  const path = join(folder, 'listed.jsonl')
  const line = JSON.stringify({ requestId: 'one', filler: 'x'.repeat(600_000) })
  // Once the file is closed, the worker is done with the segments.
  const appendLines = async (count: number) => {
    const file = await openChainedFile(path, { sizeMiB: 1, keep: 100, compress: 'none' }, failOn)
    for (let n = 0; n < count; n += 1) await file.append([line])
    await file.close()
  }
  await appendLines(5)
  const files = trailFiles(path)
  for (const [index, suffix, compressed] of [
    [0, '.gz', gzipSync],
    [1, '.zst', zstdCompressSync],
  ] as const) {
    const aside = files[index] ?? ''
    await writeFile(aside + suffix, compressed(await readFile(aside)))
    await rm(aside)
  }
  await appendLines(4)
  assert.ok(segmentFiles(path).length > files.length)
  assert.equal((await verifyTrail({ files, checkpointFiles: [] })).fault, undefined)
})
