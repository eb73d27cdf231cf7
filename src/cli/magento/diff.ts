import { readFile } from 'node:fs/promises'
import { routesOf } from '../../authorize/granted-route.ts'
import { parseSwagger, type SwaggerDocument } from '../../authorize/magento-contract/swagger.ts'
import { ConfigError } from '../../config/faults.ts'
import { loadConfig } from '../../config.ts'
import { errorCode } from '../../contract/error-code.ts'
import { printable } from '../../syntax/terminal-text.ts'
import { readArguments, UsageError } from '../arguments.ts'
import { compareSchemas, type SchemaChange } from './compare-schemas.ts'
import { operationFinder } from './operation-finder.ts'

/** `magento diff OLD NEW [--config DIR]` */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = readArguments({
    args,
    allowPositionals: true,
    options: { config: { type: 'string' } },
  })
  const [before, after] = positionals
  if (before === undefined || after === undefined || positionals.length > 2) {
    throw new UsageError('magento diff needs two files: the old schema and the new one')
  }
  return diff(before, after, values.config)
}

/**
 * Prints what changed between two schemas of a shop, breaking changes first. With a configuration, only changes of
 * routes that it grants are printed.
 * @returns the exit code: 1 if there is a breaking change or a file cannot be read, otherwise 0
 */
async function diff(before: string, after: string, directory?: string): Promise<number> {
  const [old, next] = [await read(before), await read(after)]
  if (typeof old === 'string') return fail(`${before}: expected ${old}`)
  if (typeof next === 'string') return fail(`${after}: expected ${next}`)
  let changes = compareSchemas(old, next)
  if (directory !== undefined) {
    try {
      const granted = await grantedOperations(directory, old)
      changes = changes.filter(({ route }) => granted.has(route))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return fail(error.message)
    }
  }
  const breaking = changes.filter(({ isBreaking }) => isBreaking)
  for (const change of breaking) print('breaking', change)
  for (const change of changes.filter(({ isBreaking }) => !isBreaking)) print('added', change)
  process.stdout.write(`${changes.length} change(s), ${breaking.length} breaking\n`)
  return breaking.length > 0 ? 1 : 0
}

/** The schema, or what was expected. */
async function read(file: string): Promise<SwaggerDocument | string> {
  const text = await readFile(file, 'utf8').catch((error) => ({ code: errorCode(error) }))
  if (typeof text === 'object') return `a readable file (${text.code})`
  return parseSwagger(text) ?? 'the Swagger 2.0 document of a shop'
}

async function grantedOperations(directory: string, document: SwaggerDocument) {
  const { integrations } = await loadConfig(directory, process.env, document)
  const find = operationFinder(document)
  const granted = integrations.flatMap(({ policies }) => routesOf(policies.routes))
  return new Set(granted.flatMap((route) => find(route) ?? []))
}

function print(kind: string, { route, place, what }: SchemaChange): void {
  const line = `${kind}: ${route}${place === '' ? '' : ` ${place}`}: ${what}`
  // Names in a schema are those of the shop's modules.
  process.stdout.write(`${printable(line)}\n`)
}

function fail(what: string): number {
  process.stderr.write(`magento diff: ${what}\n`)
  return 1
}
