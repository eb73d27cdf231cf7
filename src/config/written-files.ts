import { basename, resolve } from 'node:path'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/** Longest name of a file, bytes. Rotation and SQLite append to it, and file systems allow 255. */
const longestName = 200

/**
 * Checks that everything that the gateway writes has a file of its own, since two writers in one file would garble it,
 * that none is written as a reference, which would be taken for its path, that other names can be made of its name, and
 * that no trail or copy of checkpoints has a name by which it would be read as a compressed one.
 * A NUL character cannot be in any path (POSIX.1-2017, section 3.271).
 */
export function checkWrittenFiles({ audit, jobs }: GatewaySettings): RuleFault[] {
  const { checkpoints, file: trail } = audit
  const files: (readonly [pointer: string, file: string | undefined])[] = [
    ['/audit/file', trail],
    ['/audit/checkpoints', checkpoints && trail && `${trail}.checkpoints`],
    ['/audit/checkpoints/copyTo/file', checkpoints?.copyTo?.file],
    ['/jobs/file', jobs?.file],
  ]
  const taken = new Map<string, string>()
  return files.flatMap(([pointer, file]) => {
    if (file === undefined) return []
    if (/^(?:env|file):/.test(file)) {
      return faultAt(pointer, 'a path; only secrets are references')
    }
    if (file.includes('\0') || /(?:^|\/)\.{0,2}$/.test(file)) {
      return faultAt(pointer, 'the path of a file, without a NUL character')
    }
    if (pointer !== '/jobs/file' && /\.(?:gz|zst)$/.test(file)) {
      return faultAt(pointer, 'a name without .gz or .zst at its end, since it is not compressed')
    }
    const path = resolve(file)
    if (Buffer.byteLength(basename(path, '.checkpoints')) > longestName) {
      return faultAt(
        pointer,
        `a name of at most ${longestName} bytes, to which others are appended`,
      )
    }
    const other = taken.get(path)
    if (other === undefined) taken.set(path, pointer)
    return faultAt(pointer, other && `another file than that of ${other}`)
  })
}
