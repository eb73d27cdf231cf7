import { join } from 'node:path'
import { parseSwagger, type SwaggerDocument } from '../authorize/magento-contract/swagger.ts'
import { type Fault, faultAt, type RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import { readBytes } from './read-bytes.ts'

/** The file with the schema of the shop, relative to the directory of the configuration. */
export const magentoSchemaFile = join('magento', 'schema.json')

/** The schema of the shop; it has no document if the file does not exist or has a fault. */
export interface ReadSchema {
  readonly document?: SwaggerDocument
  readonly faults: readonly Fault[]
}

/** Reads the schema of the shop, if there is one. */
export async function readMagentoSchema(directory: string): Promise<ReadSchema> {
  const file = join(directory, magentoSchemaFile)
  const bytes = await readBytes(file)
  if ('code' in bytes) {
    if (bytes.code === 'ENOENT') return { faults: [] }
    return { faults: [{ file, pointer: '', expected: `a readable file (${bytes.code})` }] }
  }
  const document = parseSwagger(bytes.toString())
  if (document !== undefined) return { document, faults: [] }
  return { faults: [{ file, pointer: '', expected: 'the Swagger 2.0 document of a shop' }] }
}

/** Reports settings that need the schema of the shop, where there is none. */
export function checkNeedOfMagentoSchema({
  policies: { magentoSchema },
}: IntegrationSettings): RuleFault[] {
  const { mode = 'off', routes = {} } = magentoSchema ?? {}
  const isNeeded = [mode, ...Object.values(routes)].some((one) => one !== 'off')
  const expected = `the schema of Magento in ${magentoSchemaFile}: fetch it with magento pull`
  return faultAt('/policies/magentoSchema', isNeeded && expected)
}
