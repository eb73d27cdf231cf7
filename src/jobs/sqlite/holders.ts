import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { lockFile } from '../../lock-file.ts'

/*
 * How to tell whether a process that holds entries is alive. Clocks and process ids mean nothing across containers, so
 * each process keeps a file of its own locked, which the operating system unlocks when the process is gone, however it
 * ended.
 */

/** Shows other processes that this one is alive. */
export interface Holder {
  readonly id: string
  readonly release: () => void
}

const tries = 5

function placeOf(file: string, id: string): string {
  return `${file}.holder-${id}`
}

/** Locks a file of this process beside the file of jobs, until it is released or the process ends. */
export function holdFile(file: string): Holder {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const id = randomUUID()
    const path = placeOf(file, id)
    const lock = lockOf(new DatabaseSync(path, { timeout: 0 }))
    // Before it was locked, another process may have taken it for an abandoned one and removed it.
    if (lock !== undefined && existsSync(path)) return { id, release: () => giveUp(lock, path) }
    lock?.close()
  }
  throw new Error(`no file beside ${file} can be locked`)
}

/** Whether the process of a holder is gone; if it is, its file is removed. */
export function isGone(file: string, id: string): boolean {
  const path = placeOf(file, id)
  const found = openThere(path)
  if (found === undefined) return isAbsent(path)
  const lock = lockOf(found)
  if (lock === undefined) return false
  giveUp(lock, path)
  return true
}

/** Whether there is no such file; false also if that cannot be told, as while its folder cannot be read. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

/** Removes the files of all holders whose processes are gone. */
export function removeLeft(file: string): void {
  const prefix = `${basename(file)}.holder-`
  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(prefix)) isGone(file, name.slice(prefix.length))
  }
}

/** Opens a file without creating it. */
function openThere(path: string): DatabaseSync | undefined {
  const url = pathToFileURL(path)
  url.searchParams.set('mode', 'rw')
  try {
    return new DatabaseSync(url, { timeout: 0 })
  } catch {
    return undefined
  }
}

/** Locks a file; undefined if it cannot be locked, as while another process has it locked. */
function lockOf(lock: DatabaseSync): DatabaseSync | undefined {
  try {
    if (lockFile(lock)) return lock
  } catch {
    // Where it cannot be locked, it is not known to be abandoned either.
  }
  lock.close()
  return undefined
}

/** Removes a file that is locked, and then unlocks it: nobody can have locked it in between. */
function giveUp(lock: DatabaseSync, path: string): void {
  rmSync(path, { force: true })
  lock.close()
}
