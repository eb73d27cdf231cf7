import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from 'js-yaml'

/** What stands in the files of a configuration; values are written as YAML. */
export interface ConfigFiles {
  readonly gateway: unknown
  /** File name without ending to content. */
  readonly integrations: Readonly<Record<string, unknown>>
  /** File name to content, below `schemas/`. */
  readonly schemas?: Readonly<Record<string, unknown>>
  /** File name without ending to content, below `endpoints/`. */
  readonly endpoints?: Readonly<Record<string, unknown>>
  /** What stands in `magento/schema.json`. */
  readonly magentoSchema?: unknown
}

/** A configuration directory that disappears with its disposal. */
export interface ConfigDirectory extends AsyncDisposable {
  readonly path: string
}

/** Writes a configuration into a directory of its own. */
export async function writeConfig(files: ConfigFiles): Promise<ConfigDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'magegate-'))
  await mkdir(join(path, 'integrations'))
  await mkdir(join(path, 'schemas'))
  await writeFile(join(path, 'gateway.yaml'), dump(files.gateway))
  for (const [name, content] of Object.entries(files.integrations)) {
    await writeFile(join(path, 'integrations', `${name}.yaml`), dump(content))
  }
  for (const [name, content] of Object.entries(files.schemas ?? {})) {
    await writeFile(join(path, 'schemas', name), JSON.stringify(content))
  }
  await mkdir(join(path, 'endpoints'))
  for (const [name, content] of Object.entries(files.endpoints ?? {})) {
    await writeFile(join(path, 'endpoints', `${name}.yaml`), dump(content))
  }
  if (files.magentoSchema !== undefined) {
    await mkdir(join(path, 'magento'))
    await writeFile(join(path, 'magento', 'schema.json'), JSON.stringify(files.magentoSchema))
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
