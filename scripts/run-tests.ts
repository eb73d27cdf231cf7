/*
 * Runs all tests: the files of a folder that has a `together.ts` in one process, one after the
 * other, and every other file in a process of its own.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { filesAlone } from '../test/support/files-alone.ts'

const together = globSync('test/**/together.ts')
const folders = new Set(together.map((file) => dirname(file)))
const alone = globSync('test/**/*.test.ts').filter(
  (file) => filesAlone.has(file) || !folders.has(dirname(file)),
)

const options = [
  // Some work while others wait.
  '--test-concurrency=4',
  `--import=${import.meta.resolve('../test/support/property-seed.ts')}`,
  '--test-timeout=240000',
]
const files = [...together, ...alone]
const { status } = spawnSync(process.execPath, ['--test', ...options, ...files], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
