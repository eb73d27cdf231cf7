import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from './faults.ts'
import { readInTurn } from './read-in-turn.ts'

/** The YAML files of a folder. */
export interface YamlFiles {
  /** Their paths, sorted by name. */
  readonly files: readonly string[]
  /** Has a fault if the folder exists but cannot be read. */
  readonly faults: readonly Fault[]
}

/**
 * Lists the `*.yaml` and `*.yml` files of a folder below the configuration; a missing folder has none, but a link that
 * leads nowhere is a fault. As in a shell, names that begin with a dot are skipped: they belong to editors and operating
 * systems.
 */
export async function listYamlFiles(directory: string, name: string): Promise<YamlFiles> {
  const folder = join(directory, name)
  try {
    const names = await readInTurn(() => readdir(folder))
    const entries = names.filter((entry) => /^[^.].*\.ya?ml$/s.test(entry))
    return { files: entries.sort().map((entry) => join(folder, entry)), faults: [] }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !(await isLink(folder))) return { files: [], faults: [] }
    const expected = `a readable folder (${code})`
    return { files: [], faults: [{ file: folder, pointer: '', expected }] }
  }
}

/** Whether there is a link, as one to a volume that is not mounted. */
function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
