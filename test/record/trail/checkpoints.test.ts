import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { EventEmitter, on, once } from 'node:events'
import { existsSync, readlinkSync } from 'node:fs'
import {
  appendFile,
  type FileHandle,
  mkdir,
  open,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type ChainHead, chainLines, genesis, headOf } from '../../../src/record/trail/chain.ts'
import { openCheckpoints } from '../../../src/record/trail/checkpoints.ts'
import { temporaryFolder } from '../../support/shared.ts'

const folder = await temporaryFolder()

const { privateKey } = generateKeyPairSync('ed25519')

/** A trail of lines 1 and 2 in one segment, 3 in the next, 4 in the file itself; none is covered. */
async function writeTrail(name: string) {
  const { lines } = chainLines(
    [1, 2, 3, 4].map((line) => JSON.stringify({ line })),
    genesis,
  )
  const trail = join(folder, name)
  const [older, newer] = [`${trail}.20260101T000000000Z`, `${trail}.20260102T000000000Z`]
  await writeFile(older, lines.slice(0, 2).join(''))
  await writeFile(newer, lines[2] ?? '')
  await writeFile(trail, lines[3] ?? '')
  return { trail, older, newer }
}

function openCheckpointsOf(trail: string, everyRecords = 100) {
  const settings = { key: { privateKey, id: 'k' }, everyRecords, everySeconds: 3600 }
  const fail = (error: unknown) => assert.fail(String(error))
  return openCheckpoints(trail, settings, () => undefined, fail)
}

async function coveredAtStart(trail: string) {
  await openCheckpointsOf(trail).close()
  return coveredBy(trail)
}

async function coveredBy(trail: string) {
  const lines = (await readFile(`${trail}.checkpoints`, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => {
    const { from, to, count } = JSON.parse(line) as Record<string, number>
    return [from, to, count]
  })
}

test('a start covers what rotation put aside before it was covered', async () => {
  const { trail } = await writeTrail('plain.jsonl')
  assert.deepEqual(await coveredAtStart(trail), [[1, 4, 4]])
})

test('also where it was compressed meanwhile', async () => {
  const { trail, older } = await writeTrail('compressed.jsonl')
  await writeFile(`${older}.gz`, gzipSync(await readFile(older)))
  await rm(older)
  assert.deepEqual(await coveredAtStart(trail), [[1, 4, 4]])
})

test('and once, where compression was cut off before its source was removed', async () => {
  const { trail, newer } = await writeTrail('twice.jsonl')
  await writeFile(`${newer}.gz`, gzipSync(await readFile(newer)))
  assert.deepEqual(await coveredAtStart(trail), [[1, 4, 4]])
})

test('new records are covered in time, however few they are', async (t) => {
  const trail = join(folder, 'timed.jsonl')
  const settings = { key: { privateKey, id: 'k' }, everyRecords: 100, everySeconds: 0.01 }
  const { promise, resolve } = Promise.withResolvers<string>()
  const checkpoints = openCheckpoints(trail, settings, resolve, (error) => assert.fail(`${error}`))
  checkpoints.add(chainLines(['{"line":1}'], genesis).heads)
  // The timer of the checkpoints alone keeps no process alive.
  const waiting = setInterval(() => undefined, 1000)
  t.after(() => clearInterval(waiting))
  const { from, to } = JSON.parse(await promise) as Record<string, number>
  await checkpoints.close()
  assert.deepEqual([from, to], [1, 1])
})

test('whoever asks for a checkpoint gets all lines covered, even while another one is being written', async () => {
  const trail = join(folder, 'asked.jsonl')
  const checkpoints = openCheckpointsOf(trail, 2)
  await checkpoints.write()
  const { heads } = chainLines(['{"line":1}', '{"line":2}', '{"line":3}'], genesis)
  checkpoints.add(heads.slice(0, 2))
  checkpoints.add(heads.slice(2))
  await checkpoints.write()
  assert.deepEqual(await coveredBy(trail), [
    [1, 2, 2],
    [3, 3, 1],
  ])
  await checkpoints.close()
})

test('a checkpoint that was cut off is ended before the next one', async () => {
  const { trail } = await writeTrail('cut.jsonl')
  await writeFile(`${trail}.checkpoints`, '{"v":1,"time":"2026')
  await openCheckpointsOf(trail).close()
  const [cut, next] = (await readFile(`${trail}.checkpoints`, 'utf8')).split('\n')
  assert.equal(cut, '{"v":1,"time":"2026')
  assert.equal((JSON.parse(next ?? '') as { to: number }).to, 4)
})

test('a later start covers no record again, in a file that others cannot read', async () => {
  const { trail } = await writeTrail('later.jsonl')
  await coveredAtStart(trail)
  assert.equal((await stat(`${trail}.checkpoints`)).mode & 0o007, 0)
  assert.deepEqual(await coveredAtStart(trail), [[1, 4, 4]])
})

test('what a checkpoint covers is on the disk before it is written, and then the checkpoint itself', async (context) => {
  const { trail, older, newer } = await writeTrail('synced.jsonl')
  const path = `${trail}.checkpoints`
  const anyFile = await open(trail)
  const synced: unknown[] = []
  for (const method of ['sync', 'datasync'] as const) {
    const handles = Object.getPrototypeOf(anyFile) as FileHandle
    const sync = handles[method]
    context.mock.method(handles, method, function (this: FileHandle) {
      synced.push([basename(readlinkSync(`/proc/self/fd/${this.fd}`)), existsSync(path)])
      return sync.call(this)
    })
  }
  await anyFile.close()
  await coveredAtStart(trail)
  const files = [trail, older, newer, path].map((file) => basename(file))
  assert.deepEqual(
    synced,
    files.map((name) => [name, name === basename(path)]),
  )
})

test('a start needs no file that was put aside if the trail shows that it is covered', async () => {
  const { trail, newer } = await writeTrail('damaged.jsonl')
  await coveredAtStart(trail)
  await rm(newer)
  await writeFile(`${newer}.gz`, 'damaged')
  assert.deepEqual(await coveredAtStart(trail), [[1, 4, 4]])
})

test('nor any file before one that begins with the first line that is not covered', async () => {
  const { trail, newer } = await writeTrail('next.jsonl')
  const rest = await readFile(trail)
  await writeFile(trail, '')
  await coveredAtStart(trail)
  await writeFile(trail, rest)
  await rm(newer)
  await writeFile(`${newer}.gz`, 'damaged')
  assert.deepEqual(await coveredAtStart(trail), [
    [1, 3, 3],
    [4, 4, 1],
  ])
})

test('a start fails where it cannot be told what is covered, or what is to be', async () => {
  for (const ending of ['.checkpoints', '']) {
    const { trail } = await writeTrail(`unreachable${ending}.jsonl`)
    const path = `${trail}${ending}`
    await rm(path, { force: true })
    await symlink(path, path)
    assert.throws(() => openCheckpointsOf(trail), { code: 'ELOOP' })
  }
})

test('a start reads the end of what may be years of checkpoints, and goes on behind it', async () => {
  const { trail } = await writeTrail('years.jsonl')
  await coveredAtStart(trail)
  const path = `${trail}.checkpoints`
  const line = await readFile(path, 'utf8')
  const file = await open(path, 'w')
  // More than Node can hold as one text; the file has a hole in its place.
  const yearsBytes = 2 ** 29 + 2 ** 20
  await file.write(`\n${line}`, yearsBytes)
  await openCheckpointsOf(trail).close()
  assert.equal((await file.stat()).size, yearsBytes + 1 + line.length)
  await file.close()
})

test('a start covers a trail that is longer than Node can hold as one text', async () => {
  const { trail } = await writeTrail('long.jsonl')
  const line = await readFile(trail, 'utf8')
  const file = await open(trail, 'r+')
  // Nine holes behind the line, each of which ends like a line of its own.
  for (let hole = 1; hole <= 9; hole += 1) await file.write('\n', hole * 2 ** 26)
  const next = chainLines([JSON.stringify({ line: 5 })], headOf(line.trimEnd()) as ChainHead)
  await file.write(next.lines.join(''), 9 * 2 ** 26 + 1)
  await file.close()
  assert.deepEqual(await coveredAtStart(trail), [[1, 5, 5]])
})

test('a start covers a trail whose file has just been put aside', async () => {
  const { trail, newer } = await writeTrail('aside.jsonl')
  await writeFile(newer, Buffer.concat([await readFile(newer), await readFile(trail)]))
  await writeFile(trail, '')
  assert.deepEqual(await coveredAtStart(trail), [[1, 4, 4]])
})

test('a start finds the last checkpoint before whatever else was added, and ends that before the next one', async () => {
  const { trail } = await writeTrail('added.jsonl')
  await coveredAtStart(trail)
  const path = `${trail}.checkpoints`
  const before = `${await readFile(path, 'utf8')}${'x'.repeat(200_000)}`
  await writeFile(path, before)
  await openCheckpointsOf(trail).close()
  assert.equal(await readFile(path, 'utf8'), before)
  const last = headOf((await readFile(trail, 'utf8')).trimEnd()) as ChainHead
  await appendFile(trail, chainLines(['{"line":5}'], last).lines.join(''))
  await openCheckpointsOf(trail).close()
  const after = await readFile(path, 'utf8')
  assert.ok(after.startsWith(`${before}\n{`))
  assert.equal((JSON.parse(after.slice(before.length)) as { from: number }).from, 5)
})

/** The heads of the lines from one number to another. */
function headsOf(from: number, to: number): ChainHead[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    seq: from + index,
    hash: String(from + index).padStart(64, '0'),
  }))
}

test('records are covered at once when they are as many as configured, and those at a start without them', async (t) => {
  const { trail } = await writeTrail('many.jsonl')
  const settings = { key: { privateKey, id: 'k' }, everyRecords: 3, everySeconds: 3600 }
  const written = new EventEmitter()
  const fail = (error: unknown) => assert.fail(String(error))
  const waiting = setInterval(() => undefined, 1000)
  t.after(() => clearInterval(waiting))
  const tell = (line: string) => written.emit('checkpoint', JSON.parse(line))
  const checkpoints = openCheckpoints(trail, { ...settings, everyRecords: 100 }, tell, fail)
  const [atStart] = await once(written, 'checkpoint')
  assert.deepEqual([atStart.from, atStart.to], [1, 4])
  await checkpoints.close()
  const few = openCheckpoints(trail, settings, tell, fail)
  await few.write()
  const next = on(written, 'checkpoint')
  few.add(headsOf(5, 6))
  few.add(headsOf(7, 7))
  // While that is being written.
  few.add(headsOf(8, 10))
  const covered: number[][] = []
  for await (const [{ from, to, count }] of next) {
    if (covered.push([from, to, count]) === 2) break
  }
  assert.deepEqual(covered, [
    [5, 7, 3],
    [8, 10, 3],
  ])
  await few.close()
})

test('a checkpoint that could not be written is written later as it was signed, and others after it', async () => {
  const trail = join(folder, 'failing.jsonl')
  const path = `${trail}.checkpoints`
  const errors: unknown[] = []
  const told: string[] = []
  const settings = { key: { privateKey, id: 'k' }, everyRecords: 2, everySeconds: 3600 }
  const checkpoints = openCheckpoints(
    trail,
    settings,
    (line) => told.push(line),
    (error) => errors.push(error),
  )
  await mkdir(path)
  checkpoints.add(headsOf(1, 2))
  await checkpoints.write()
  checkpoints.add(headsOf(3, 3))
  await checkpoints.write()
  assert.ok(errors.length >= 2)
  assert.deepEqual(told, [])
  await rm(path, { recursive: true })
  await checkpoints.write()
  const ranges = told.map((line) => {
    const { from, to } = JSON.parse(line) as Record<string, number>
    return [from, to]
  })
  assert.deepEqual(ranges, [
    [1, 2],
    [3, 3],
  ])
  // The first attempt may have left a part of a line.
  assert.equal(await readFile(path, 'utf8'), `\n${told.join('\n')}\n`)
  await checkpoints.close()
})
