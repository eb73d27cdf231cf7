import { generateKeyPairSync } from 'node:crypto'
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { readArguments, requiredOption } from '../arguments.ts'

/**
 * `audit keygen --out NAME`: makes the pair of keys for checkpoints, `NAME.pem` and `NAME.pub.pem`.
 * Never overwrites a file.
 */
export async function main(args: string[]): Promise<number> {
  const { values } = readArguments({ args, options: { out: { type: 'string' } } })
  const out = requiredOption(values.out, 'out')
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const files = [
    [`${out}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600],
    [`${out}.pub.pem`, publicKey.export({ type: 'spki', format: 'pem' }), 0o644],
  ] as const
  const made: string[] = []
  for (const [file, pem, mode] of files) {
    try {
      const handle = openSync(file, 'wx', mode)
      made.push(file)
      writeFileSync(handle, pem)
      closeSync(handle)
    } catch (error) {
      // A single new file would look like the other half of an existing pair.
      for (const half of made) rmSync(half)
      process.stderr.write(`audit keygen: ${(error as Error).message}\n`)
      return 1
    }
  }
  process.stdout.write(`${out}.pem: for audit.checkpoints.key, and nobody else to read\n`)
  process.stdout.write(`${out}.pub.pem: for audit verify; keep a copy elsewhere\n`)
  return 0
}
