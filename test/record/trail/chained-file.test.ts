import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { type ChainHead, genesis } from '../../../src/record/trail/chain.ts'
import { openChainedFile } from '../../../src/record/trail/chained-file.ts'
import { segmentFiles } from '../../../src/record/trail/segment-files.ts'
import { trailFiles } from '../../../src/verify/trail-files.ts'
import { verifyTrail } from '../../../src/verify/verify-trail.ts'
import { temporaryFolder } from '../../support/shared.ts'

const folder = await temporaryFolder()

function failOn(error: unknown): void {
  throw error
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

interface Line {
  readonly n?: number
  readonly event?: string
  readonly seq: number
  readonly prev: string
  readonly hash: string
  readonly cutBytes?: number
  readonly cutSha256?: string
  readonly lost?: number
}

/** Reads lines of a chain, and holds each against the one before it. */
function readChain(text: string, from = { seq: 0, hash: '0'.repeat(64) }): Line[] {
  let { seq, hash: prev } = from
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const read = JSON.parse(line) as Line
      assert.equal(read.seq, seq + 1)
      assert.equal(read.prev, prev)
      assert.equal(read.hash, sha256(line.slice(0, line.lastIndexOf(',"hash":'))))
      seq = read.seq
      prev = read.hash
      return read
    })
}

/** Opens a file, and notes its errors and the numbers of the lines that were written. */
async function openNoting(path: string) {
  const errors: unknown[] = []
  const written: number[] = []
  const file = await openChainedFile(path, undefined, (error) => errors.push(error), {
    signed: genesis,
    add: (heads) => written.push(...heads.map(({ seq }) => seq)),
    write: async () => undefined,
  })
  return { file, errors, written }
}

/** Begins a chain with two lines; gives its text. */
async function writeTwoLines(path: string): Promise<string> {
  const file = await openChainedFile(path, undefined, failOn)
  await file.append(['{"n":1}', '{"n":2}'])
  await file.close()
  return readFile(path, 'utf8')
}

// A limit on the size of files is a full disk that needs no privileges to be made.
function limit(bytes: number | 'unlimited') {
  return promisify(execFile)('prlimit', [
    '--pid',
    String(process.pid),
    `--fsize=${bytes}:unlimited`,
  ])
}

test('numbers and links its lines, over a restart too', async () => {
  const path = join(folder, 'linked.jsonl')
  for (const batch of [['{"n":1}', '{"n":2}'], ['{"n":3}']]) {
    const file = await openChainedFile(path, undefined, failOn)
    assert.equal(file.cutAtOpen, undefined)
    assert.equal((await file.append(batch)).length, batch.length)
    await file.close()
  }
  const lines = readChain(await readFile(path, 'utf8'))
  assert.deepEqual(
    lines.map(({ n }) => n),
    [1, 2, 3],
  )
})

test('continues after a line that was cut off, and records what is left of it', async () => {
  const path = join(folder, 'cut.jsonl')
  const whole = await writeTwoLines(path)
  await truncate(path, whole.length - 30)
  const second = await openChainedFile(path, undefined, failOn)
  const kept = whole.slice(0, whole.indexOf('\n') + 1)
  const rest = whole.slice(kept.length, -30)
  assert.deepEqual(second.cutAtOpen, { afterSeq: 1, bytes: rest.length })
  await second.append(['{"n":3}'])
  await second.close()
  const text = await readFile(path, 'utf8')
  assert.ok(text.startsWith(`${kept}${rest}\n`))
  const [event, record] = readChain(
    text.slice(kept.length + rest.length + 1),
    readChain(kept)[0] as Line,
  )
  assert.equal(event?.event, 'resumed')
  assert.equal(event?.cutBytes, rest.length)
  assert.equal(event?.cutSha256, sha256(rest))
  assert.equal(record?.n, 3)
})

test('takes a line that lacks only its line feed for complete, and ends it', async () => {
  const path = join(folder, 'without-feed.jsonl')
  const whole = await writeTwoLines(path)
  await truncate(path, whole.length - 1)
  const second = await openChainedFile(path, undefined, failOn)
  assert.equal(second.cutAtOpen, undefined)
  await second.append(['{"n":3}'])
  await second.close()
  const text = await readFile(path, 'utf8')
  assert.ok(text.startsWith(whole))
  const lines = readChain(text)
  assert.deepEqual(
    lines.map(({ n, event }) => n ?? event),
    [1, 2, 'resumed', 3],
  )
  assert.deepEqual([lines[2]?.cutBytes, lines[2]?.lost], [undefined, undefined])
})

test('continues its chain after foreign lines, however long', async () => {
  const path = join(folder, 'foreign.jsonl')
  const first = await openChainedFile(path, undefined, failOn)
  await first.append(['{"n":1}'])
  await first.close()
  const foreign = `${'{"not":"ours"}\n'.repeat(20_000)}`
  await appendFile(path, foreign)
  const second = await openChainedFile(path, undefined, failOn)
  assert.deepEqual(second.cutAtOpen, { afterSeq: 1, bytes: foreign.length })
  await second.close()
  const last = (await readFile(path, 'utf8')).split('\n').at(-2) ?? ''
  const event = JSON.parse(last) as Line
  assert.equal(event.seq, 2)
  assert.equal(event.cutSha256, sha256(foreign))
  assert.ok((await readFile(path, 'utf8')).endsWith(`${foreign}${last}\n`))
})

test('goes on after lines that had been signed and are gone, and says which ones', async () => {
  const path = join(folder, 'missing.jsonl')
  const whole = await writeTwoLines(path)
  const written: number[] = []
  const signed = { seq: 5, hash: 'a'.repeat(64) }
  const checkpoints = {
    signed,
    add: (heads: readonly ChainHead[]) => written.push(...heads.map(({ seq }) => seq)),
    write: async () => undefined,
  }
  const second = await openChainedFile(path, undefined, failOn, checkpoints)
  assert.deepEqual(second.missingAtOpen, { from: 3, to: 5 })
  await second.append(['{"n":6}'])
  await second.close()
  const text = await readFile(path, 'utf8')
  const lines = readChain(text.slice(whole.length), signed)
  const [resumed] = lines as (Line & { missingFrom?: number; missingTo?: number })[]
  assert.deepEqual([resumed?.event, resumed?.missingFrom, resumed?.missingTo], ['resumed', 3, 5])
  assert.deepEqual(written, [6, 7])
  const third = await openChainedFile(path, undefined, failOn, checkpoints)
  assert.equal(third.missingAtOpen, undefined)
  await third.close()
})

test('records lines that were given up without an attempt', async () => {
  const path = join(folder, 'missed.jsonl')
  const file = await openChainedFile(path, undefined, failOn)
  file.miss(2)
  file.miss(1)
  assert.ok(file.isFailing())
  await file.append(['{"n":1}'])
  assert.ok(!file.isFailing())
  await file.close()
  const [resumed, record] = readChain(await readFile(path, 'utf8'))
  assert.deepEqual([resumed?.event, resumed?.lost, record?.n], ['resumed', 3, 1])
})

test('records lines that were given up while the loss of others was being recorded', async () => {
  const path = join(folder, 'missed-meanwhile.jsonl')
  const file = await openChainedFile(path, undefined, failOn)
  file.miss(1)
  const recording = file.append([])
  file.miss(2)
  await recording
  assert.ok(file.isFailing())
  await file.append([])
  await file.close()
  const events = readChain(await readFile(path, 'utf8'))
  assert.deepEqual(
    events.map(({ lost }) => lost),
    [1, 2],
  )
})

test('goes on after the last line that its file still has, if that was truncated meanwhile', async () => {
  const path = join(folder, 'truncated.jsonl')
  const file = await openChainedFile(path, undefined, failOn)
  const [first = ''] = await file.append(['{"n":1}', '{"n":2}'])
  await truncate(path, first.length + 20)
  file.miss(1)
  await file.append(['{"n":3}'])
  await file.close()
  const { fault, notes, records } = await verifyTrail({ files: [path], checkpointFiles: [] })
  assert.deepEqual([fault, records], [undefined, 3])
  assert.match(notes.join(), /:2: a line was cut off here, as record 2 tells$/)
})

test('takes no line for written where not even what was lost could be accounted for', async () => {
  const path = join(folder, 'short-again.jsonl')
  const errors: unknown[] = []
  const file = await openChainedFile(path, undefined, (error) => errors.push(error))
  const [first = ''] = await file.append(['{"n":1}'])
  for (const bytes of [first.length + 20, first.length + 50]) {
    await limit(bytes)
    const taken = await file.append(['{"n":2}']).finally(() => limit('unlimited'))
    assert.deepEqual(taken, [])
    assert.ok(file.isFailing())
  }
  assert.equal((await file.append(['{"n":3}'])).length, 1)
  await file.close()
  const [, , ...cut] = (await readFile(path, 'utf8')).split('\n')
  const [resumed, record] = readChain(`${cut.slice(-3).join('\n')}`, readChain(first)[0])
  assert.deepEqual([resumed?.event, resumed?.lost, record?.n], ['resumed', 2, 3])
})

test('keeps account of what was lost where the record of that is cut off right before its end', async () => {
  /** Appends to a file with a line that was cut off while the file may grow to so many bytes; gives its size then. */
  const resumeIn = async (name: string, limitBytes: number | 'unlimited') => {
    const path = join(folder, name)
    const { file } = await openNoting(path)
    const [first = ''] = await file.append(['{"n":1}'])
    await limit(first.length + 20)
    await file.append(['{"n":2}'])
    await limit(limitBytes)
    await file.append([]).finally(() => limit('unlimited'))
    const { size } = await stat(path)
    await file.append([])
    await file.close()
    return { size, text: await readFile(path, 'utf8') }
  }
  const { size } = await resumeIn('resumed.jsonl', 'unlimited')
  const { text } = await resumeIn('resumed-in-part.jsonl', size - 2)
  assert.match(text, /"lost":1,[^\n]*\n[^\n]*"lost":1,[^\n]*\}\n$/)
})

test('keeps as many of the files put aside as it is to', async () => {
  const path = join(folder, 'kept.jsonl')
  const file = await openChainedFile(path, { sizeMiB: 1, keep: 2, compress: 'none' }, failOn)
  const line = JSON.stringify({ filler: 'x'.repeat(1_048_576) })
  for (let count = 0; count < 5; count += 1) await file.append([line])
  await file.close()
  assert.equal(segmentFiles(path).length, 2)
})

test('loses no line over rotations, and goes on with the chain in the next file', async () => {
  const path = join(folder, 'rotated.jsonl')
  const filler = 'x'.repeat(65_000)
  let n = 0
  // Two runs, so that one of them begins with what the other has put aside.
  for (let run = 0; run < 2; run += 1) {
    const file = await openChainedFile(path, { sizeMiB: 1, keep: 100, compress: 'none' }, failOn)
    for (let index = 0; index < 40; index += 1) {
      n += 1
      assert.equal((await file.append([JSON.stringify({ n, filler })])).length, 1)
    }
    await file.close()
  }
  const files = trailFiles(path)
  assert.ok(files.length >= 5)
  let text = ''
  for (const name of files) text += await readFile(name, 'utf8')
  const lines = readChain(text)
  assert.equal(lines.filter(({ event }) => event === 'rotated').length, files.length - 1)
  assert.deepEqual(
    lines.flatMap((line) => line.n ?? []),
    Array.from({ length: 80 }, (_, index) => index + 1),
  )
})

test('goes on in its file where that cannot be put aside, which it tells', async () => {
  const path = join(folder, 'deleted.jsonl')
  const errors: unknown[] = []
  const tell = (error: unknown) => errors.push((error as NodeJS.ErrnoException).code)
  const file = await openChainedFile(path, { sizeMiB: 1, keep: 2, compress: 'none' }, tell)
  await file.append([JSON.stringify({ filler: 'x'.repeat(1_048_576) })])
  await rm(path)
  assert.equal((await file.append(['{"n":2}'])).length, 1)
  await file.close()
  assert.deepEqual(errors, ['ENOENT'])
})

test('continues the chain of the latest segment if its own file is gone', async () => {
  const path = join(folder, 'gone.jsonl')
  const aside = join(folder, 'gone.jsonl.20260115T093000123Z')
  const first = await openChainedFile(aside, undefined, failOn)
  await first.append(['{"n":1}'])
  await first.close()
  const second = await openChainedFile(path, undefined, failOn)
  await second.append(['{"n":2}'])
  await second.close()
  const [one] = readChain(await readFile(aside, 'utf8'))
  readChain(await readFile(path, 'utf8'), one)
  // In time the one before is deleted.
  await rm(aside)
  const { fault } = await verifyTrail({ files: trailFiles(path), checkpointFiles: [] })
  assert.equal(fault, undefined)
})

test('records how many lines could not be written as soon as one can be', async () => {
  const errors: unknown[] = []
  const file = await openChainedFile('/dev/full', undefined, (error) => errors.push(error))
  assert.ok(!file.isFailing())
  assert.deepEqual(await file.append(['{"n":1}']), [])
  assert.ok(file.isFailing())
  assert.deepEqual(await file.append(['{"n":2}']), [])
  assert.equal(errors.length, 2)
  await file.close()
})

test('of several lines tells which ones a disk has taken that is full then, and records the others as lost', async () => {
  const path = join(folder, 'short.jsonl')
  const { file, errors, written } = await openNoting(path)
  const [first = ''] = await file.append(['{"n":1}'])
  // The next line has more bytes, but fewer characters.
  const tornBytes = 400
  await limit(2 * first.length + tornBytes)
  const taken = await file
    .append(['{"n":2}', `{"n":3,"sku":"${'é'.repeat(200)}"}`, '{"n":4}'])
    .finally(() => limit('unlimited'))
  assert.deepEqual(
    taken.map((line) => (JSON.parse(line) as Line).n),
    [2],
  )
  assert.equal(errors.length, 1)
  assert.ok(file.isFailing())
  assert.equal((await file.append(['{"n":5}'])).length, 1)
  assert.ok(!file.isFailing())
  await file.close()
  const lines = (await readFile(path, 'utf8')).split('\n')
  const [torn = ''] = lines.splice(2, 1)
  assert.equal(Buffer.byteLength(torn), tornBytes)
  const [, , resumed, last] = readChain(lines.join('\n'))
  assert.deepEqual([resumed?.event, resumed?.lost, resumed?.cutBytes], ['resumed', 2, tornBytes])
  assert.equal(last?.n, 5)
  assert.deepEqual(written, [1, 2, 3, 4])
})

test('counts a line as written of which a disk that is full then has taken all but the line feed', async () => {
  const path = join(folder, 'short-of-feed.jsonl')
  const { file, errors, written } = await openNoting(path)
  const [first = ''] = await file.append(['{"n":1}'])
  await limit(3 * first.length - 1)
  const taken = await file
    .append(['{"n":2}', '{"n":3}', '{"n":4}'])
    .finally(() => limit('unlimited'))
  assert.deepEqual(
    taken.map((line) => (JSON.parse(line) as Line).n),
    [2, 3],
  )
  assert.equal(errors.length, 1)
  await file.append(['{"n":5}'])
  await file.close()
  const lines = readChain(await readFile(path, 'utf8'))
  assert.deepEqual(
    lines.map(({ n, event }) => n ?? event),
    [1, 2, 3, 'resumed', 5],
  )
  assert.deepEqual([lines[3]?.lost, lines[3]?.cutBytes], [1, undefined])
  assert.deepEqual(written, [1, 2, 3, 4, 5])
})

test('records what is missing again if the disk takes all but the line feed of that record', async () => {
  const path = join(folder, 'resumed-short-of-feed.jsonl')
  const errors: unknown[] = []
  const file = await openChainedFile(path, undefined, (error) => errors.push(error))
  const [first = ''] = await file.append(['{"n":1}'])
  file.miss(1)
  const resumed = await file.append([])
  assert.deepEqual(resumed, [])
  const line = (await readFile(path, 'utf8')).length - first.length
  file.miss(1)
  await limit(first.length + 2 * line - 1)
  assert.deepEqual(await file.append(['{"n":2}']).finally(() => limit('unlimited')), [])
  assert.ok(file.isFailing())
  await file.append(['{"n":3}'])
  assert.ok(!file.isFailing())
  await file.close()
  assert.equal(errors.length, 1)
  const lines = readChain(await readFile(path, 'utf8'))
  assert.deepEqual(
    lines.map(({ n, lost }) => [n, lost]),
    [
      [1, undefined],
      [undefined, 1],
      [undefined, 1],
      [undefined, 1],
      [3, undefined],
    ],
  )
})

test('is not put aside while it ends with a line that was cut off, which it has to account for itself', async () => {
  const path = join(folder, 'torn-and-full.jsonl')
  const errors: unknown[] = []
  const file = await openChainedFile(path, { sizeMiB: 1, keep: 100, compress: 'none' }, (error) =>
    errors.push(error),
  )
  const line = JSON.stringify({ filler: 'x'.repeat(600_000) })
  assert.equal((await file.append([line])).length, 1)
  await limit(1_048_576)
  assert.deepEqual(await file.append([line]).finally(() => limit('unlimited')), [])
  for (let count = 0; count < 2; count += 1) assert.equal((await file.append([line])).length, 1)
  await file.close()
  assert.equal(errors.length, 1)
  const files = trailFiles(path)
  assert.equal(files.length, 2)
  const { fault, notes } = await verifyTrail({ files, checkpointFiles: [] })
  assert.equal(fault, undefined)
  assert.match(notes.join(), /:2: a line was cut off here, as record 2 tells$/)
})
