import { trailFiles } from '../../verify/trail-files.ts'
import { UsageError } from '../arguments.ts'

/**
 * The path of the trail that a command of `audit` is about, its only argument without a name.
 * @throws {UsageError} when there is none, or more than one
 */
export function namedTrail([file, ...more]: readonly string[]): string {
  if (file !== undefined && more.length === 0) return file
  throw new UsageError('expected one FILE, the path of the audit trail')
}

/**
 * The files of that trail, oldest first.
 * @throws {Error} when there is none, or their folder cannot be read
 */
export function filesOf(trail: string): string[] {
  const files = trailFiles(trail)
  if (files.length > 0) return files
  throw new Error(`${trail}: there is no such audit trail; give the path that audit.file has`)
}
