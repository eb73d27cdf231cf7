import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseSwagger, type SwaggerDocument } from '../authorize/magento-contract/swagger.ts'
import type { Fault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/** The file with the schema of the shop, relative to the directory of the configuration. */
export const contractFile = join('magento', 'schema.json')

/** The schema of the shop; it has no document if the file does not exist or has a fault. */
export interface ReadContract {
  readonly document?: SwaggerDocument
  readonly faults: readonly Fault[]
}

/** Reads the schema of the shop, if there is one. */
export async function readContract(directory: string): Promise<ReadContract> {
  const file = join(directory, contractFile)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { faults: [] }
    return { faults: [{ file, pointer: '', expected: 'a readable file' }] }
  }
  const document = parseSwagger(text)
  if (document !== undefined) return { document, faults: [] }
  return { faults: [{ file, pointer: '', expected: 'the Swagger 2.0 document of a shop' }] }
}

/** An integration, as far as its file could be read. */
interface Loaded {
  readonly file: string
  readonly lineOf: (pointer: string) => number | undefined
  readonly settings?: IntegrationSettings
}

/** Reports settings that need the schema of the shop when there is none. */
export function checkContract(
  document: SwaggerDocument | undefined,
  integrations: readonly Loaded[],
): Fault[] {
  if (document !== undefined) return []
  return integrations.flatMap(({ file, lineOf, settings }): Fault[] => {
    const { mode, routes } = settings?.policies.magentoSchema ?? {
      mode: 'off' as const,
      routes: {},
    }
    if ([mode, ...Object.values(routes)].every((each) => each === 'off')) return []
    const pointer = '/policies/magentoSchema'
    const expected = `the schema of Magento in ${contractFile}: fetch it with magento pull`
    return [{ file, pointer, line: lineOf(pointer), expected }]
  })
}
