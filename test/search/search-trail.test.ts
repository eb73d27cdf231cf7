import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import {
  appendFile,
  mkdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { chainLines, genesis } from '../../src/record/trail/chain.ts'
import { openChainedFile } from '../../src/record/trail/chained-file.ts'
import { segmentFiles } from '../../src/record/trail/segment-files.ts'
import { type IndexedField, readIndex } from '../../src/record/trail/segment-index.ts'
import { openSegments } from '../../src/record/trail/segments.ts'
import type { FoundRecord } from '../../src/search/query.ts'
import { searchTrail } from '../../src/search/search-trail.ts'
import { decompress } from '../../src/verify/decompress.ts'
import { trailFiles } from '../../src/verify/trail-files.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { main } from '../support/gateway-process.ts'
import { runHosted } from '../support/hosted-command.ts'
import { temporaryFolder } from '../support/shared.ts'

const folder = await temporaryFolder()

// To the database of Magento these are one.
const spelledSku = ['sku', 'SKU', 'skü']
const begin = Date.parse('2026-01-15T00:00:00Z')
const records = Array.from({ length: 6000 }, (_, n) => ({
  v: 1,
  time: new Date(begin + n * 1000).toISOString(),
  requestId: `request-${n}`,
  integration: `integration-${n % 3}`,
  method: 'POST',
  route: 'POST /V1/products',
  path: '/rest/V1/products',
  status: n % 1000 === 7 ? 404 : 200,
  ...(n % 1000 === 7 && { code: 'upstream-error' }),
  skus: [`${spelledSku[n % 3]}-${n % 500}`, 'sku-of-all"],'],
  filler: 'x'.repeat(700),
}))

type Conditions = Partial<Record<IndexedField, string>>

async function found(
  path: string,
  conditions: Conditions,
  fromMs = Number.NEGATIVE_INFINITY,
  toMs = Number.POSITIVE_INFINITY,
) {
  const equal = new Map(Object.entries(conditions) as [IndexedField, string][])
  const result: FoundRecord[] = []
  for await (const record of searchTrail(trailFiles(path), { equal, fromMs, toMs }, () => {})) {
    result.push(record)
  }
  return result.map(({ requestId }) => requestId)
}

for (const compress of ['none', 'gzip', 'zstd'] as const) {
  describe(`over files that are put aside with compress: ${compress}`, () => {
    const path = () => join(folder, `${compress}.jsonl`)
    before(async () => {
      const file = await openChainedFile(path(), { sizeMiB: 1, keep: 100, compress }, (error) => {
        throw error
      })
      for (let from = 0; from < records.length; from += 50) {
        await file.append(records.slice(from, from + 50).map((record) => JSON.stringify(record)))
      }
      const isDone = (segment: string) => existsSync(`${segment.replace(/\.(gz|zst)$/, '')}.idx`)
      const suffix = { none: 'Z', gzip: '.gz', zstd: '.zst' }[compress]
      const isFinished = (segment: string) => isDone(segment) && segment.endsWith(suffix)
      while (!segmentFiles(path()).every(isFinished)) await delay(5)
      await file.close()
      assert.ok(segmentFiles(path()).length >= 4)
    })

    test('whose index was cut off, as by a loss of power, it looks at all of them', async () => {
      const [segment = ''] = segmentFiles(path())
      const index = `${segment.replace(/\.(gz|zst)$/, '')}.idx`
      const whole = await readFile(index)
      await truncate(index, whole.indexOf(0x0a) + 1)
      assert.deepEqual(await found(path(), { requestId: 'request-1' }), ['request-1'])
      await writeFile(index, whole)
    })

    test('that is there compressed and as it was, with the index of one of them, it finds all the same', async () => {
      const [segment = ''] = segmentFiles(path())
      const plain = segment.replace(/\.(gz|zst)$/, '')
      const bytes = await buffer(decompress(segment, createReadStream(segment)))
      const expected = await found(path(), { skus: 'sku-17' })
      assert.equal(expected.length, 12)
      if (plain !== segment) await writeFile(plain, bytes)
      assert.deepEqual(await found(path(), { skus: 'sku-17' }), expected)
      if (plain !== segment) await rm(plain)
    })

    test('of which one is damaged, it and the verification name that one', async () => {
      const [segment = ''] = segmentFiles(path())
      const index = `${segment.replace(/\.(gz|zst)$/, '')}.idx`
      const [bytes, indexBytes] = [await readFile(segment), await readFile(index)]
      if (compress === 'none') {
        await rm(segment)
        await mkdir(segment)
      } else await writeFile(segment, Buffer.from(bytes).fill(0, Math.floor(bytes.length / 2)))
      const isNamed = ({ message }: Error) => message.startsWith(`${segment} cannot be read: `)
      const query = { equal: new Map(), fromMs: begin, toMs: begin + 1e9 }
      const searched = async () => {
        for await (const _ of searchTrail(trailFiles(path()), query, () => {}));
      }
      await assert.rejects(searched, isNamed)
      const command = await runHosted([
        'audit',
        'search',
        path(),
        '--json',
        '--request',
        'request-5999',
      ])
      assert.match(command.stdout, /"request-5999"/)
      await rm(index)
      const all = await runHosted(['audit', 'search', path(), '--json'])
      assert.equal(all.exitCode, 1)
      assert.ok(all.stderr.startsWith(`audit search: ${segment} cannot be read: `), all.stderr)
      assert.match(all.stdout, /"request-5999"/)
      await assert.rejects(searched, isNamed)
      const files = trailFiles(path())
      await assert.rejects(verifyTrail({ files, checkpointFiles: [], publicKeys: [] }), isNamed)
      await rm(segment, { recursive: true })
      await writeFile(segment, bytes)
      await writeFile(index, indexBytes)
    })

    test('of which one is cut off while it is read, it names that one', async () => {
      const [segment = ''] = segmentFiles(path())
      const bytes = await readFile(segment)
      const query = { equal: new Map(), fromMs: begin, toMs: begin + 1e9 }
      await assert.rejects(
        async () => {
          for await (const _ of searchTrail([segment], query, () => {})) await truncate(segment, 1)
        },
        ({ message }: Error) => message.startsWith(`${segment} cannot be read: `),
      )
      await writeFile(segment, bytes)
    })

    test('that were compressed after they were listed, it finds by their new names', async () => {
      const listed = trailFiles(path()).map((file) => file.replace(/\.(gz|zst)$/, ''))
      const query = { equal: new Map(), fromMs: begin, toMs: begin + 1000 }
      const ids: unknown[] = []
      for await (const { requestId } of searchTrail(listed, query, () => {})) ids.push(requestId)
      assert.deepEqual(ids, ['request-0'])
      assert.equal((await verifyTrail({ files: listed, checkpointFiles: [] })).fault, undefined)
    })

    const queries: [
      string,
      Conditions,
      (record: (typeof records)[number], n: number) => boolean,
    ][] = [
      ['one request', { requestId: 'request-4321' }, (_, n) => n === 4321],
      ['an SKU however it is spelled', { skus: 'sku-17' }, (_, n) => n % 500 === 17],
      ['an SKU that is no text of JSON', { skus: 'Sku-of-all"], ' }, () => true],
      ['a status', { status: '404' }, ({ status }) => status === 404],
      ['a code', { code: 'upstream-error' }, ({ status }) => status === 404],
      [
        'an SKU of an integration',
        { skus: 'sku-17', integration: 'integration-1' },
        (_, n) => n % 500 === 17 && n % 3 === 1,
      ],
      ['what is not there', { skus: 'sku-1777' }, () => false],
      [
        'no record by a field that it lacks',
        { integration: 'integration-1', code: 'undefined' },
        () => false,
      ],
      ['everything', {}, () => true],
    ]
    for (const [name, conditions, isWanted] of queries) {
      test(`finds ${name}, with the index as without it`, async () => {
        const expected = records.filter(isWanted).map(({ requestId }) => requestId)
        assert.deepEqual(await found(path(), conditions), expected)
      })
    }

    test('finds a time, the beginning included and the end not', async () => {
      const ids = await found(path(), {}, begin + 3000_000, begin + 3002_000)
      assert.deepEqual(ids, ['request-3000', 'request-3001'])
    })

    test('finds the last record of each piece by its very time', async () => {
      for (const segment of segmentFiles(path())) {
        const bytes = await readFile(`${segment.replace(/\.(gz|zst)$/, '')}.idx`)
        for (const { toMs } of readIndex(bytes)?.blocks ?? assert.fail(segment)) {
          // The first line of a later file tells of the rotation, and is of another time.
          const last = Math.min(records.length - 1, Math.floor((toMs - begin) / 1000))
          const atMs = begin + last * 1000
          assert.deepEqual(await found(path(), {}, atMs, atMs + 1), [`request-${last}`])
        }
      }
    })

    test('finds the same without an index', async () => {
      const expected = await found(path(), { skus: 'sku-17' })
      for (const segment of segmentFiles(path())) {
        await rm(`${segment.replace(/\.(gz|zst)$/, '')}.idx`)
      }
      assert.equal(expected.length, 12)
      assert.deepEqual(await found(path(), { skus: 'sku-17' }), expected)
    })
  })
}

describe('the command', () => {
  const search = (...args: string[]) =>
    runHosted(['audit', 'search', join(folder, 'zstd.jsonl'), ...args])

  test('prints a table, JSON lines or CSV', async () => {
    const conditions = ['--sku', 'sku-17', '--limit', '2']
    const table = (await search(...conditions)).stdout.trimEnd().split('\n')
    assert.equal(table.length, 3)
    assert.match(table[0] ?? '', /^time +integration/)
    assert.match(table[1] ?? '', /2026-01-15T00:00:17.000Z +integration-2 .*request-17/)
    const json = (await search(...conditions, '--json')).stdout.trimEnd().split('\n')
    assert.deepEqual(
      json.map((line) => (JSON.parse(line) as FoundRecord).requestId),
      ['request-17', 'request-517'],
    )
    const csv = (await search(...conditions, '--csv')).stdout.trimEnd().split('\n')
    assert.equal(csv[0], 'time,integration,clientIp,method,status,code,skus,requestId,path')
    assert.match(
      csv[1] ?? '',
      /^2026-01-15T00:00:17.000Z,integration-2,,POST,200,,"skü-17 sku-of-all""],",/,
    )
  })

  test('prints no control characters for the terminal and no formulas for a spreadsheet', async () => {
    const file = join(folder, 'steering.jsonl')
    const record = {
      v: 1,
      time: '2026-01-15T00:00:17.000Z',
      requestId: 'steering',
      skus: ['=1+1\u001b[31m\u009b2J\u007f\n', '\u202e10BM-42\u2028\u{e0041}'],
    }
    await writeFile(file, `${JSON.stringify(record)}\n`)
    for (const form of [[], ['--csv'], ['--json']]) {
      const { stdout } = await runHosted(['audit', 'search', file, ...form])
      assert.match(stdout, /=1\+1/)
      assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}]/u)
      if (form[0] === '--json') assert.deepEqual(JSON.parse(stdout).skus, record.skus)
      if (form[0] === '--csv') assert.match(stdout, /,'=1\+1/)
    }
  })

  test('shows its progress on a terminal, but not in the lines of records', async () => {
    const terminal = 'import pty, sys; pty.spawn(sys.argv[1:])'
    const args = ['-c', terminal, process.execPath, main, 'audit', 'search']
    const search = [...args, join(folder, 'zstd.jsonl'), '--code', 'upstream-error']
    const { stdout: shown } = await promisify(execFile)('python3', search)
    assert.match(shown, /\r100 %/)
    // What is cleared is not seen.
    const lines = shown.split('\r\n').map((line) => line.split('\r\x1b[K').at(-1) ?? '')
    assert.equal(lines.filter((line) => /^(?:time |2026-01-15T)/.test(line)).length, 7)
  })

  test('takes a time without an offset for one in UTC, wherever it runs', async () => {
    const file = join(folder, 'zone.jsonl')
    const records = ['2026-01-14', '2026-01-15', '2026-01-16'].map((date) =>
      JSON.stringify({ v: 1, time: `${date}T09:30:17.000Z`, requestId: `request-${date}` }),
    )
    await writeFile(file, `${records.join('\n')}\n`)
    for (const [from, to] of [
      ['2026-01-15T09:30:17', '2026-01-15T09:31'],
      ['2026-01-15T10:30+01:00', '2026-01-15T09:30:17.001Z'],
      ['2026-01-15', '2026-01-16'],
    ] as const) {
      const args = ['audit', 'search', file, '--json', '--from', from, '--to', to]
      const { stdout } = await runHosted(args, { TZ: 'America/New_York' })
      assert.deepEqual(stdout.match(/(?<=request-)[\d-]+/g), ['2026-01-15'], from)
    }
  })

  test('finds by each of its conditions the records that meet it', async () => {
    const file = join(folder, 'conditions.jsonl')
    const recordOf = (name: string, status: number) => ({
      v: 1,
      time: '2026-01-15T09:30:17.000Z',
      requestId: `request-${name}`,
      integration: `integration-${name}`,
      route: `GET /V1/${name}`,
      status,
      code: `code-${name}`,
      skus: [`sku-${name}`],
      orderIds: [`order-${name}`],
      jobIds: [`job-${name}`],
    })
    const records = [recordOf('a', 400), recordOf('b', 500)].map((each) => JSON.stringify(each))
    await writeFile(file, `${records.join('\n')}\n`)
    const conditions = {
      request: 'request-b',
      integration: 'integration-b',
      route: 'GET /V1/b',
      status: '500',
      code: 'code-b',
      sku: 'sku-b',
      order: 'order-b',
      job: 'job-b',
    }
    for (const [name, value] of Object.entries(conditions)) {
      const args = ['audit', 'search', file, '--json', `--${name}`, value]
      const { stdout } = await runHosted(args)
      assert.deepEqual(stdout.match(/request-./g), ['request-b'], name)
    }
  })

  test('finds what nobody answered by its status, which is 0', async () => {
    const file = join(folder, 'unanswered.jsonl')
    const ended = { v: 1, time: '2026-01-15T09:30:17.000Z', event: 'callback-ended' }
    const lines = [0, 500].map((status) =>
      JSON.stringify({ ...ended, requestId: `status-${status}`, status }),
    )
    await writeFile(file, `${lines.join('\n')}\n`)
    const { stdout } = await runHosted(['audit', 'search', file, '--json', '--status', '0'])
    assert.deepEqual(
      [...stdout.matchAll(/"(status-\d+)"/g)].map(([, id]) => id),
      ['status-0'],
    )
  })

  test('names the argument that it does not understand', async () => {
    for (const time of ['yesterday', '5', '11/12/2026', '2026-02-30', '2026-01-15T25:00']) {
      assert.equal((await search('--from', time)).exitCode, 2, time)
    }
    assert.equal((await search('--limit', 'all')).exitCode, 2)
    assert.equal((await search('--limit', '1.5')).exitCode, 2)
    // More than the file of jobs can be asked for.
    assert.equal((await search('--limit', '1e308')).exitCode, 2)
    assert.equal((await search('--colour', 'red')).exitCode, 2)
    assert.equal((await runHosted(['audit', 'search', join(folder, 'none')])).exitCode, 1)
    const { stderr } = await runHosted(['audit', 'search', join(folder, 'none'), '--status', '4xx'])
    assert.match(stderr, /--status must be a number of three digits/)
  })
})

test('names the file that a gateway writes where it cannot be reached, and so does the verification', async () => {
  const trail = join(folder, 'unreachable.jsonl')
  const { lines } = chainLines(['{"v":1,"requestId":"first"}'], genesis)
  await writeFile(`${trail}.20260101T000000000Z`, lines.join(''))
  await symlink(trail, trail)
  for (const command of ['search', 'verify']) {
    const { exitCode, stderr } = await runHosted(['audit', command, trail])
    assert.equal(exitCode, 1, command)
    assert.ok(stderr.startsWith(`audit ${command}: ${trail} cannot be read: ELOOP`), stderr)
  }
})

test('finds a last record that lacks only its line feed, as on a full disk', async () => {
  const path = join(folder, 'without-feed.jsonl')
  await writeFile(
    path,
    records
      .slice(0, 2)
      .map((record) => JSON.stringify(record))
      .join('\n'),
  )
  assert.deepEqual(await found(path, {}), ['request-0', 'request-1'])
})

test('finds what follows bytes without any line feed, as zeros that a loss of power has left', async () => {
  const path = join(folder, 'zeros.jsonl')
  const [first, second] = records.map((record) => `${JSON.stringify(record)}\n`)
  await writeFile(path, first ?? '')
  await truncate(path, 4 * 1_048_576 + 17)
  await appendFile(path, `\n${second}`)
  assert.deepEqual(await found(path, {}), ['request-0', 'request-1'])
})

for (const compress of ['none', 'gzip', 'zstd'] as const) {
  test(`finds every record of a long file put aside with compress: ${compress}, whatever its time`, async () => {
    const path = join(folder, `long-${compress}.jsonl`)
    const segment = `${path}.20260116T000000000Z`
    // About three blocks, in which the times go back.
    const long = records.slice(0, 3_000).toReversed()
    await writeFile(segment, long.map((record) => `${JSON.stringify(record)}\n`).join(''))
    const segments = openSegments(path, compress, (error) => assert.fail(String(error)))
    while (!existsSync(`${segment}.idx`)) await delay(5)
    await segments.close()
    // Each block is found by its place, and only by what it contains.
    const index = readIndex(await readFile(`${segment}.idx`))
    const { offset = 0, length = 0 } = index?.blocks.at(-1) ?? {}
    const suffix = { none: '', gzip: '.gz', zstd: '.zst' }[compress]
    assert.equal(offset + length, (await stat(`${segment}${suffix}`)).size)
    assert.equal(index?.blocksWith('requestId', 'request-2999').size, 1)
    const times = index?.blocks.flatMap(({ fromMs, toMs }) => [toMs, fromMs]) ?? []
    assert.ok(times.length >= 4)
    assert.deepEqual(
      times,
      times.toSorted((one, other) => other - one),
    )
    for (const n of [0, 999, 1_000, 1_500, 2_001, 2_999]) {
      const requestId = `request-${n}`
      const atMs = begin + n * 1_000
      assert.deepEqual(await found(path, { requestId }), [requestId])
      assert.deepEqual(await found(path, {}, atMs, atMs + 1), [requestId])
    }
  })
}
