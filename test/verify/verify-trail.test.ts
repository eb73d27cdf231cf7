import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { copyFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type ChainHead, chainLines } from '../../src/record/trail/chain.ts'
import { openChainedFile } from '../../src/record/trail/chained-file.ts'
import { readCheckpointKey } from '../../src/record/trail/checkpoint-key.ts'
import { openCheckpoints } from '../../src/record/trail/checkpoints.ts'
import { trailFiles } from '../../src/verify/trail-files.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { temporaryFolder } from '../support/shared.ts'

const folder = await temporaryFolder()
const pair = generateKeyPairSync('ed25519')
const publicKey = pair.publicKey
const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

/** A line as it follows another one, without its line feed. */
function chained(json: string, before: ChainHead): string {
  return chainLines([json], before).lines.join('').trimEnd()
}

function failOn(error: unknown): void {
  throw error
}

let trails = 0
function newTrail(): string {
  trails += 1
  return join(folder, `${trails}.jsonl`)
}

/** Writes records 1 to `count`, ten to a checkpoint, into a new trail or at the end of one. */
async function writeTrail(
  count: number,
  { path = newTrail(), filler = '', signer = pem } = {},
): Promise<string> {
  const key = readCheckpointKey(signer)
  assert.ok(key)
  const settings = { key, everyRecords: 10, everySeconds: 1000 }
  const checkpoints = openCheckpoints(path, settings, () => undefined, failOn)
  const file = await openChainedFile(
    path,
    { sizeMiB: 1, keep: 100, compress: 'none' },
    failOn,
    checkpoints,
  )
  for (let n = 1; n <= count; n += 1) {
    await file.append([JSON.stringify({ v: 1, sku: `sku-${n}-é`, filler })])
    // Otherwise what is written during its making belongs to the next one.
    if (n % 10 === 0) await checkpoints.write()
  }
  await file.close()
  await checkpoints.close()
  return path
}

function verified(
  path: string,
  keys: KeyObject | readonly KeyObject[] = publicKey,
  copies: string[] = [],
) {
  const checkpointFiles = [`${path}.checkpoints`, ...copies]
  return verifyTrail({ files: trailFiles(path), checkpointFiles, publicKeys: [keys].flat() })
}

async function editLines(path: string, edit: (lines: string[]) => void): Promise<void> {
  const lines = (await readFile(path, 'utf8')).split('\n')
  edit(lines)
  await writeFile(path, lines.join('\n'))
}

/** Changes the second checkpoint, and signs it again. */
function signAnew(path: string, change: object): Promise<void> {
  return editLines(`${path}.checkpoints`, (lines) => {
    const { signature: _, ...before } = JSON.parse(lines[1] ?? '')
    const signed = JSON.stringify({ ...before, ...change }).slice(0, -1)
    const signature = sign(null, Buffer.from(signed), pair.privateKey).toString('base64url')
    lines[1] = `${signed},"signature":"${signature}"}`
  })
}

test('an untouched trail verifies, over restarts and rotations, compressed or not', async () => {
  const path = await writeTrail(25)
  await writeTrail(10, { path })
  assert.deepEqual(await verified(path), {
    notes: [],
    losses: [],
    records: 35,
    checkpoints: 4,
  })
  const long = await writeTrail(60, { filler: 'x'.repeat(65_536) })
  const [one = '', two = ''] = trailFiles(long)
  assert.equal(trailFiles(long).length, 4)
  await writeFile(`${one}.gz`, gzipSync(await readFile(one)))
  await rm(one)
  await writeFile(`${two}.zst`, zstdCompressSync(await readFile(two)))
  const report = await verified(long)
  assert.equal(report.fault, undefined)
  assert.equal(report.records, 63)
  await rm(two)
  assert.deepEqual(await verified(long), report)
})

test('checkpoints that were put aside and compressed count with those that came after', async () => {
  const path = await writeTrail(25)
  const own = `${path}.checkpoints`
  const lines = (await readFile(own, 'utf8')).split(/(?<=\n)/)
  const aside = `${own}.older.gz`
  await writeFile(aside, gzipSync(lines.slice(0, 2).join('')))
  await writeFile(own, lines.slice(2).join(''))
  const { fault, checkpoints } = await verified(path, publicKey, [aside])
  assert.deepEqual([fault, checkpoints], [undefined, 3])
})

test('a trail whose key was replaced verifies with the keys in their order, and not with one of them', async () => {
  const { privateKey, publicKey: next } = generateKeyPairSync('ed25519')
  const signer = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const path = await writeTrail(25)
  await writeTrail(10, { path, signer })
  const { fault, checkpoints } = await verified(path, [publicKey, next])
  assert.deepEqual([fault, checkpoints], [undefined, 4])
  for (const one of [publicKey, next]) {
    assert.match((await verified(path, one)).fault ?? '', /signature of this checkpoint/)
  }
  // As by who has got hold of a key that is used no more.
  assert.match((await verified(path, [next, publicKey])).fault ?? '', /a key that was replaced/)
})

test('a trail verifies from its first checkpoint that is still kept', async () => {
  const path = await writeTrail(25)
  await editLines(`${path}.checkpoints`, (lines) => lines.splice(0, 1))
  const { fault, checkpoints } = await verified(path)
  assert.deepEqual([fault, checkpoints], [undefined, 2])
})

test('a trail verifies from its first file that is still kept', async () => {
  const path = await writeTrail(60, { filler: 'x'.repeat(65_536) })
  const [oldest = '', next = ''] = trailFiles(path)
  await rm(oldest)
  const { fault, notes } = await verified(path)
  assert.equal(fault, undefined)
  const [line = ''] = (await readFile(next, 'utf8')).split('\n')
  const { seq } = JSON.parse(line) as { readonly seq: number }
  assert.ok(seq > 1)
  assert.deepEqual(notes, [`the trail begins with record ${seq}`])
})

test('whatever is left of a checkpoint that was being written is not a fault', async () => {
  const path = await writeTrail(25)
  await editLines(`${path}.checkpoints`, (lines) => {
    const [first = ''] = lines
    const beginnings = [...first].map((_, length) => first.slice(0, length))
    lines.unshift(...beginnings, `${first.slice(0, 100)}\0\0`, '\0')
  })
  assert.equal((await verified(path)).fault, undefined)
})

test('records that a process did not live to sign are signed at the next start', async () => {
  const path = join(folder, 'killed.jsonl')
  const file = await openChainedFile(path, undefined, failOn)
  for (let n = 1; n <= 300; n += 1)
    await file.append([JSON.stringify({ n, filler: 'x'.repeat(1000) })])
  await file.close()
  await writeTrail(1, { path })
  const report = await verified(path)
  assert.equal(report.fault, undefined)
  assert.deepEqual(report.notes, [])
})

test('a last line that lacks only its line feed, as on a full disk, is a record as any other', async () => {
  const path = await writeTrail(20)
  await truncate(path, (await stat(path)).size - 1)
  const { fault, notes, records } = await verified(path)
  assert.deepEqual([fault, notes, records], [undefined, [], 20])
})

test('a line that was cut off is not a fault if the next one accounts for it', async () => {
  const path = await writeTrail(9)
  await writeFile(path, '{"v":1,"torn', { flag: 'a' })
  const cutOff = [`${path}:10: the last line is cut off`]
  assert.deepEqual((await verified(path)).notes, cutOff)
  // As by a second kill, during the record that would have accounted for the first one.
  await writeFile(path, '\n{"v":1,"to', { flag: 'a' })
  const { fault, notes } = await verified(path)
  assert.deepEqual([fault, notes], [undefined, cutOff])
  await writeTrail(1, { path })
  const report = await verified(path)
  assert.equal(report.fault, undefined)
  assert.match(report.notes.join(), /:10: a line was cut off here, as record 10 tells/)
  await editLines(path, (lines) => {
    lines[9] = (lines[9] ?? '').replace('torn', 'tOrn')
  })
  assert.match((await verified(path)).fault ?? '', /:10: this line is not a record/)
})

describe('records that were signed and are gone at a start', () => {
  for (const [name, left, note] of [
    ['from a checkpoint on', 20, undefined],
    ['from within a checkpoint on', 23, /^only the chain proves the last 3 record\(s\) before/],
    ['altogether', 0, undefined],
  ] as const) {
    test(`${name}: are told of as lost, and what follows is verified`, async () => {
      const path = await writeTrail(25)
      await editLines(path, (lines) => lines.splice(left, 25 - left))
      await writeTrail(14, { path })
      const { fault, losses, records, notes } = await verified(path)
      assert.equal(fault, undefined)
      assert.deepEqual(losses, [{ from: left + 1, to: 25, at: `${path}:${left + 1}` }])
      assert.equal(records, left + 15)
      if (note !== undefined) assert.match(notes[0] ?? '', note)
      await editLines(path, (lines) => lines.splice(left + 3, 1))
      assert.match((await verified(path)).fault ?? '', /follows record 28/)
    })
  }

  test('with the rest of a line that was cut off, are told of in the same record', async () => {
    const path = await writeTrail(25)
    await writeFile(path, (await readFile(path)).subarray(0, -10))
    await writeTrail(1, { path })
    const { fault, losses, notes } = await verified(path)
    assert.deepEqual([fault, losses.length], [undefined, 1])
    assert.match(notes[0] ?? '', /:25: a line was cut off here, as record 26 tells/)
  })

  test('are believed only where a checkpoint ends, and follows what that one signed', async () => {
    for (const [missingFrom, missingTo, expected] of [
      [16, 17, /record 18 tells of a loss that no checkpoint confirms/],
      [16, 20, /record 21 does not continue the chain that .*:2 signed/],
    ] as const) {
      const path = await writeTrail(25)
      await editLines(path, (lines) => {
        const json = JSON.stringify({ v: 1, event: 'resumed', missingFrom, missingTo })
        const before = { seq: missingTo, hash: '0'.repeat(64) }
        lines.splice(15, 10, chained(json, before))
      })
      assert.match((await verified(path)).fault ?? '', expected)
    }
  })
})

test('a record that does not tell of all records that are gone accounts for none', async () => {
  for (const [missingFrom, missingTo] of [
    [18, 20],
    [16, 19],
  ] as const) {
    const path = await writeTrail(25)
    await editLines(path, (lines) => {
      const { hash } = JSON.parse(lines[19] ?? '') as { readonly hash: string }
      const json = JSON.stringify({ v: 1, event: 'resumed', missingFrom, missingTo })
      lines.splice(15, 10, chained(json, { seq: 20, hash }))
    })
    assert.match((await verified(path)).fault ?? '', /:16: record 21 follows record 15$/)
  }
})

describe('finds, and says where', () => {
  const tampering: [string, RegExp, (path: string) => unknown][] = [
    [
      'a flipped byte',
      /:17: this line is not a record/,
      (path) =>
        editLines(path, (lines) => {
          lines[16] = (lines[16] ?? '').replace('sku-17', 'sku-18')
        }),
    ],
    [
      'a flipped bit of a byte that is no ASCII',
      /:17: this line is not a record/,
      async (path) => {
        const bytes = await readFile(path)
        const at = bytes.indexOf('é', bytes.indexOf('sku-17'))
        bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 1
        await writeFile(path, bytes)
      },
    ],
    [
      'what was put behind a line',
      /:17: this line is not a record/,
      (path) =>
        editLines(path, (lines) => {
          lines[16] += ' '
        }),
    ],
    [
      'what was put before a line',
      /:17: this line is not a record/,
      (path) =>
        editLines(path, (lines) => {
          lines[16] = ` ${lines[16]}`
        }),
    ],
    [
      'a deleted line',
      /:12: record 13 follows record 11/,
      (path) => editLines(path, (lines) => lines.splice(11, 1)),
    ],
    [
      'a first line that was deleted',
      /:1: record 2 is the first one, but no file begins with it/,
      (path) => editLines(path, (lines) => lines.splice(0, 1)),
    ],
    [
      'two lines that changed places',
      /:12: record 13 follows record 11/,
      (path) => editLines(path, (lines) => lines.splice(11, 2, lines[12] ?? '', lines[11] ?? '')),
    ],
    [
      'a line that stands twice',
      /:13: record 12 follows record 12/,
      (path) => editLines(path, (lines) => lines.splice(11, 0, lines[11] ?? '')),
    ],
    [
      'a line put in',
      /:12: this line is not a record/,
      (path) => editLines(path, (lines) => lines.splice(11, 0, '{"v":1}')),
    ],
    [
      'a tail that was cut off',
      /^record 21 and those up to 25, which .*:3 signed, are missing/,
      (path) => editLines(path, (lines) => lines.splice(20, 5)),
    ],
    [
      'a tail that was cut off within a line',
      /^record 25 and those up to 25/,
      async (path) => writeFile(path, (await readFile(path)).subarray(0, -10)),
    ],
    [
      'two trails spliced',
      /:11: record 11 does not continue the chain/,
      async (path) => {
        const other = await readFile(await writeTrail(25, { filler: 'other' }), 'utf8')
        await editLines(path, (lines) => lines.splice(10, 15, ...other.split('\n').slice(10, 25)))
      },
    ],
    [
      'a first record that follows another one',
      /:1: record 1 does not begin a chain/,
      (path) =>
        editLines(path, (lines) => {
          const before = { seq: 0, hash: '1'.repeat(64) }
          lines.splice(0, 25, chained('{"v":1}', before))
        }),
    ],
    [
      'an old file in the place of the new one',
      /^record 26 and those up to 30/,
      async (path) => {
        await copyFile(path, `${path}-old`)
        await writeTrail(5, { path })
        await copyFile(`${path}-old`, path)
      },
    ],
    [
      'a line that is not JSON, with the hash that it needs, behind one that was removed',
      /:6: record 7 follows record 5/,
      (path) =>
        editLines(path, (lines) => {
          const signed = `{no JSON,"seq":7,"prev":"${'0'.repeat(64)}"`
          lines.splice(
            5,
            2,
            `${signed},"hash":"${createHash('sha256').update(signed).digest('hex')}"}`,
          )
        }),
    ],
    [
      'a trail that was computed anew',
      /:10: record 10 or one before it is not what .*:1 signed/,
      async (path) => {
        const other = await writeTrail(25, { filler: 'forged' })
        await copyFile(other, path)
      },
    ],
    [
      'a checkpoint that was changed',
      /checkpoints:2: the signature of this checkpoint is not valid/,
      (path) =>
        editLines(`${path}.checkpoints`, (lines) => {
          lines[1] = (lines[1] ?? '').replace('"to":20', '"to":19')
        }),
    ],
    [
      'a checkpoint that was removed',
      /checkpoints:2: between .* and this checkpoint, lines are covered by/,
      (path) => editLines(`${path}.checkpoints`, (lines) => lines.splice(1, 1)),
    ],
    [
      'a checkpoint that was made unreadable',
      /checkpoints:3: this line is not a checkpoint/,
      (path) =>
        editLines(`${path}.checkpoints`, (lines) => {
          lines[2] += ' '
        }),
    ],
    [
      'a flipped bit of the last digit of a signature',
      /checkpoints:3: this line is not a checkpoint/,
      (path) =>
        editLines(`${path}.checkpoints`, (lines) => {
          const next = (digit: string) => String.fromCharCode(digit.charCodeAt(0) + 1)
          lines[2] = (lines[2] ?? '').replace(/.(?="\}$)/, next)
        }),
    ],
    [
      'a checkpoint without its signature',
      /checkpoints:3: this line is not a checkpoint/,
      (path) =>
        editLines(`${path}.checkpoints`, (lines) => {
          lines[2] = (lines[2] ?? '').replace(/,"signature".*/, '}')
        }),
    ],
    [
      'a checkpoint of other lines with the same last one',
      /:20: record 20 or one before it is not what .*:2 signed/,
      (path) => signAnew(path, { root: '0'.repeat(64) }),
    ],
    [
      'a checkpoint that counts fewer lines',
      /checkpoints:2: this checkpoint counts other lines/,
      (path) => signAnew(path, { count: 9 }),
    ],
    [
      'two checkpoints of the same line',
      /checkpoints:2: between .* and this checkpoint, lines are covered by/,
      (path) => signAnew(path, { from: 10, count: 11 }),
    ],
    [
      'that there are no checkpoints left',
      /checkpoints: there is no checkpoint here$/,
      (path) => writeFile(`${path}.checkpoints`, ''),
    ],
  ]
  for (const [name, expected, tamper] of tampering) {
    test(name, async () => {
      const path = await writeTrail(25)
      assert.equal((await verified(path)).fault, undefined)
      await tamper(path)
      assert.match((await verified(path)).fault ?? 'nothing', expected)
    })
  }

  test('what was done to the checkpoints as well, by those in a second place', async () => {
    const path = await writeTrail(25)
    const copy = `${path}-copy`
    await copyFile(`${path}.checkpoints`, copy)
    await editLines(path, (lines) => lines.splice(20, 5))
    await editLines(`${path}.checkpoints`, (lines) => lines.splice(2, 1))
    assert.equal((await verified(path)).fault, undefined)
    assert.match((await verified(path, publicKey, [copy])).fault ?? '', /^record 21 and those up/)
  })

  test('what was computed anew behind records that are not kept any more', async () => {
    const path = await writeTrail(20)
    const forged = ['{"v":1,"event":"rotated"}', ...Array(5).fill('{"v":1}')]
    const { lines } = chainLines(forged, { seq: 14, hash: '1'.repeat(64) })
    await writeFile(path, lines.join(''))
    assert.match(
      (await verified(path)).fault ?? '',
      /^.*:6: record 20 or one before it is not what/,
    )
  })

  test('a last line that was changed, also if no checkpoint covers it', async () => {
    const path = await writeTrail(3)
    await editLines(path, (lines) => {
      lines[2] = (lines[2] ?? '').replace('sku-3', 'sku-4')
    })
    assert.match((await verified(path, [])).fault ?? '', /:3: this line is not a record/)
  })

  test('a file that was emptied while it was written', async () => {
    const path = join(folder, 'emptied.jsonl')
    const file = await openChainedFile(path, undefined, failOn)
    await file.append(['{"v":1}', '{"v":1}'])
    await truncate(path)
    await file.append(['{"v":1}'])
    await file.close()
    const report = await verifyTrail({ files: [path], checkpointFiles: [] })
    assert.match(report.fault ?? '', /:1: record 3 is the first one, but no file begins with it/)
  })

  test('a missing file between others', async () => {
    const path = await writeTrail(60, { filler: 'x'.repeat(65_536) })
    await rm(trailFiles(path)[1] ?? '')
    assert.match((await verified(path)).fault ?? '', /follows record/)
  })

  test('the signature of another key', async () => {
    const path = await writeTrail(25)
    const other = generateKeyPairSync('ed25519').publicKey
    assert.match((await verified(path, other)).fault ?? '', /signature of this checkpoint/)
  })
})

test('the Merkle root is the one of RFC 9162, section 2.1.1, computed by hand', async () => {
  const path = await writeTrail(3)
  const sha256 = (...parts: (Buffer | string)[]) => {
    const digest = createHash('sha256')
    for (const part of parts) digest.update(part)
    return digest.digest()
  }
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  const [a, b, c] = lines.map((line) => {
    const { hash } = JSON.parse(line) as { hash: string }
    return sha256('\x00', Buffer.from(hash, 'hex'))
  })
  assert.ok(a && b && c)
  const root = sha256('\x01', sha256('\x01', a, b), c).toString('hex')
  const checkpoint = JSON.parse(await readFile(`${path}.checkpoints`, 'utf8')) as { root: string }
  assert.equal(checkpoint.root, root)
})
