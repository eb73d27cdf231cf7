import type { DatabaseSync } from 'node:sqlite'

const busy = 5

/**
 * Locks a file for this process until it is closed. The operating system unlocks it when the process has ended, however
 * that happened, and processes in other containers see the lock too.
 * @param file an empty one; SQLite locks it, and writes nothing to it
 * @returns whether it could be locked; false while another process has it locked
 * @throws {Error} when it is not an empty file, or its file system has no locks
 */
export function lockFile(file: DatabaseSync): boolean {
  try {
    // So that SQLite creates no journal beside this file.
    file.exec('PRAGMA journal_mode = MEMORY')
    file.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === busy) return false
    throw error
  }
}
