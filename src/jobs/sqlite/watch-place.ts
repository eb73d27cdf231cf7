import { realpathSync, statSync } from 'node:fs'

/**
 * Tells from now on whether a path still leads to the file of jobs to which it leads now, and whether there still is what
 * SQLite keeps beside that in WAL mode: what was committed last, and the locks by which processes know of each other. A
 * process that has them open can write to them even after they were deleted, moved or replaced, but then nobody finds what
 * was written.
 * @param path of a file that is open, so that SQLite does not delete anything beside it by itself
 * @throws {NodeJS.ErrnoException} if it cannot be told
 */
export function watchPlace(path: string): () => boolean {
  const file = realpathSync(path)
  const paths = [path, `${file}-wal`, `${file}-shm`]
  const opened = paths.map(placeOf)
  return () => paths.every((each, index) => placeOf(each) === opened[index])
}

/** Identifies the file to which a path leads; undefined if there is none. */
function placeOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}
