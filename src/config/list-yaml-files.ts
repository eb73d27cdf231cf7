import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from './faults.ts'

/** The YAML files of a folder. */
export interface YamlFiles {
  /** Their paths, in the order of their names. */
  readonly files: readonly string[]
  /** One where the folder is there and cannot be read. */
  readonly faults: readonly Fault[]
}

/**
 * Lists `*.yaml` and `*.yml` of a folder below the configuration; one that is not there has none. As for a shell, what
 * begins with a dot is none of them: editors and systems keep things of their own so.
 */
export async function listYamlFiles(directory: string, name: string): Promise<YamlFiles> {
  const folder = join(directory, name)
  try {
    const entries = (await readdir(folder)).filter((entry) => /^[^.].*\.ya?ml$/.test(entry))
    return { files: entries.sort().map((entry) => join(folder, entry)), faults: [] }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { files: [], faults: [] }
    const expected = `a readable folder (${code})`
    return { files: [], faults: [{ file: folder, pointer: '', expected }] }
  }
}
