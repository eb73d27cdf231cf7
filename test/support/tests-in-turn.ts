import { globSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { filesAlone } from './files-alone.ts'
import { closeShared } from './shared.ts'

const project = join(import.meta.dirname, '../..')

/**
 * Runs the test files of a folder in this process, since loading a gateway takes a second. Each file is loaded
 * when all before it have ended; its hooks are for its own tests, and what these shared is closed after them. It must
 * await nothing behind its first test: Node waits for no test that is added when all before it have ended.
 */
export function testsInTurn(folder: string): void {
  const files = globSync('*.test.ts', { cwd: folder })
    .map((file) => join(folder, file))
    .filter((path) => !filesAlone.has(relative(project, path)))
    .sort()
  let left = files.length
  // What ends the process with a success would hide that the files after it have not run.
  process.once('exit', () => {
    if (left > 0) process.exitCode = 1
  })
  for (const file of files) {
    test(relative(project, file), async (t) => {
      t.after(async () => {
        left -= 1
        await closeShared()
      })
      await import(file)
    })
  }
}
