import { statSync } from 'node:fs'

/**
 * What SQLite keeps beside a file in WAL mode: what was committed last, and the locks by which processes know of each
 * other.
 */
const endings = ['', '-wal', '-shm']

/**
 * Tells from now on whether a path still leads to the file of jobs to which it leads now, and to what SQLite keeps beside
 * it. A process that has them open can write to them even after they were deleted, moved or replaced, but then nobody finds
 * what was written.
 * @param path of a file that is open, so that SQLite does not delete anything beside it by itself
 * @throws {NodeJS.ErrnoException} if it cannot be told
 */
export function watchPlace(path: string): () => boolean {
  const opened = endings.map((ending) => placeOf(path + ending))
  return () => endings.every((ending, index) => placeOf(path + ending) === opened[index])
}

/** Identifies the file to which a path leads; undefined if there is none. */
function placeOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}
