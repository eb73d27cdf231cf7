import { closeSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { lockFile } from '../../lock-file.ts'
import { makeFolder } from '../../make-folder.ts'

/** Another process is writing to the audit trail. */
export class TrailHeldError extends Error {
  override readonly name = 'TrailHeldError'
}

/** How a process makes sure that it is the only one that writes to a trail. */
export interface HoldSettings {
  /** How long it waits for a process that is about to end, milliseconds. */
  readonly patienceMs: number
  /** Told once if it has to wait. */
  readonly onWait: () => void
  /** Told if this cannot be made sure, because the file system has no locks. */
  readonly onUnlockable: (error: unknown) => void
}

const retryMs = 100

/**
 * Makes sure that no other process writes to a trail, whose chain would break: a file `TRAIL.lock` beside it is locked
 * until the result is called, or the process ends. What is no regular file can be written to by several processes.
 * @throws {TrailHeldError} when another process does not release it in time
 */
export async function holdTrail(
  trail: string,
  { patienceMs, onWait, onUnlockable }: HoldSettings,
): Promise<() => void> {
  if (statSync(trail, { throwIfNoEntry: false })?.isFile() === false) return () => undefined
  makeFolder(dirname(trail), 0o750)
  const path = `${trail}.lock`
  const giveUpAtMs = performance.now() + patienceMs
  let isTold = false
  for (;;) {
    let lock: DatabaseSync | undefined
    try {
      closeSync(openSync(path, 'a', 0o640))
      lock = new DatabaseSync(path, { timeout: 0 })
      if (lockFile(lock)) return closeOf(lock)
    } catch (error) {
      onUnlockable(error)
      return () => undefined
    }
    lock.close()
    if (performance.now() >= giveUpAtMs) {
      throw new TrailHeldError(`another process writes to ${trail}; each needs its own audit.file`)
    }
    if (!isTold) onWait()
    isTold = true
    await delay(retryMs)
  }
}

function closeOf(lock: DatabaseSync): () => void {
  return () => lock.close()
}
