import { randomUUID } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/*
 * Whether a process that holds entries is alive is asked of the system, and not of a clock or of a process
 * id, which mean nothing across containers: each process keeps a file of its own locked, and the system
 * unlocks it when the process is gone, however it went.
 */

/** What shows to others that this process is alive. */
export interface Holder {
  readonly id: string
  readonly release: () => void
}

function lockFile(file: string, id: string): string {
  return `${file}.holder-${id}`
}

/** Locks a file of this process beside the file of jobs, until it is released or the process ends. */
export function holdFile(file: string): Holder {
  const id = randomUUID()
  const path = lockFile(file, id)
  const lock = lockOf(path)
  if (lock === undefined) throw new Error(`${path} is locked`)
  return {
    id,
    release: () => {
      lock.close()
      rmSync(path, { force: true })
    },
  }
}

/** Whether the process of a holder is gone; the traces of one that is are removed. */
export function isGone(file: string, id: string): boolean {
  const path = lockFile(file, id)
  if (!existsSync(path)) return true
  const lock = lockOf(path)
  if (lock === undefined) return false
  lock.close()
  rmSync(path, { force: true })
  return true
}

/** Locks a file; undefined while another process has it locked. */
function lockOf(path: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch {
    lock.close()
    return undefined
  }
}
