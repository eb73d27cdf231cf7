import { statSync } from 'node:fs'

/**
 * Tells from now on whether a path still leads to the file to which it leads now. A process that has a file open can
 * write to it even after it was deleted, moved or replaced, but then nobody finds what was written.
 * @throws {NodeJS.ErrnoException} if it cannot be told
 */
export function watchPlace(path: string): () => boolean {
  const opened = statSync(path, { bigint: true })
  return () => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    return found?.ino === opened.ino && found.dev === opened.dev
  }
}
