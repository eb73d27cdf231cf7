import { resolve } from 'node:path'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

/**
 * Checks that everything that the gateway writes has a file of its own, since two writers in one file would garble it,
 * and that none is written as a reference, which would be taken for its path.
 */
export function checkPlaces({ audit, jobs }: GatewaySettings): RuleFault[] {
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
    const path = resolve(file)
    const other = taken.get(path)
    if (other === undefined) taken.set(path, pointer)
    return faultAt(pointer, other && `another file than that of ${other}`)
  })
}
