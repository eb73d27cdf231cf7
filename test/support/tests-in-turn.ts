import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { closeShared } from './shared.ts'

/**
 * Runs the test files of a folder in this process, since loading a gateway takes a second. Each file is loaded
 * when all before it have ended; its hooks are for its own tests, and what these shared is closed after them.
 */
export function testsInTurn(folder: string): void {
  for (const file of globSync('*.test.ts', { cwd: folder }).sort()) {
    test(file, async (t) => {
      t.after(closeShared)
      await import(join(folder, file))
    })
  }
}
