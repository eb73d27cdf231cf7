import { createPublicKey, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type TrailReport, verifyTrail } from '../../verify/verify-trail.ts'
import { readArguments, UsageError } from '../arguments.ts'
import { filesOf, namedTrail } from './named-trail.ts'

/**
 * `audit verify FILE [--key PUBLIC.pem …] [--checkpoints FILE …] [--lost FROM-TO …]`: verifies a trail, including the
 * files that rotation has put aside. If several keys are given, each one has replaced those before it.
 * @returns 0 if there is no fault and no loss, except those given; otherwise 1, and standard error names every other loss
 * and the first fault
 */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args,
    allowPositionals: true,
    options: {
      key: { type: 'string', multiple: true },
      checkpoints: { type: 'string', multiple: true },
      lost: { type: 'string', multiple: true },
    },
  })
  const trail = namedTrail(positionals)
  const known = new Set(values.lost)
  for (const range of known) {
    if (!/^\d+-\d+$/.test(range)) throw new UsageError('--lost must be FROM-TO, such as 41-57')
  }
  const publicKeys = (values.key ?? []).map(readKey)
  const own = `${trail}.checkpoints`
  const checkpointFiles = [...(existsSync(own) ? [own] : []), ...(values.checkpoints ?? [])]
  let report: TrailReport
  try {
    const files = filesOf(trail)
    if (publicKeys.length > 0 && checkpointFiles.length === 0) {
      return fail(`${own}: there is no such file; name the checkpoints with --checkpoints`)
    }
    report = await verifyTrail({ files, checkpointFiles, publicKeys })
  } catch (error) {
    return fail((error as Error).message)
  }
  for (const note of report.notes) process.stdout.write(`${note}\n`)
  let isExplained = true
  for (const { from, to, at } of report.losses) {
    const range = `${from}-${to}`
    const told = `records ${from} to ${to}, which had been signed, are lost, as ${at} tells`
    if (known.has(range)) process.stdout.write(`${told}\n`)
    else {
      isExplained = false
      fail(`${told}; once this is explained, pass --lost ${range}`)
    }
  }
  if (report.fault !== undefined) return fail(report.fault)
  const signed =
    publicKeys.length === 0
      ? 'only the chain was verified; with --key, checkpoints are verified too'
      : `${report.checkpoints} checkpoint(s)`
  const verdict = isExplained ? 'ok' : 'ok apart from what is lost'
  process.stdout.write(`${trail}: ${verdict}, ${report.records} record(s), ${signed}\n`)
  return isExplained ? 0 : 1
}

function readKey(file: string): KeyObject {
  try {
    const key = createPublicKey(readFileSync(file))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // A text that is not a key is reported below, like a key of another type.
  }
  throw new UsageError(`--key ${file}: expected a readable Ed25519 public key in PEM`)
}

function fail(what: string): number {
  process.stderr.write(`audit verify: ${what}\n`)
  return 1
}
