import { rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { operationsOf } from '../../authorize/magento-contract/swagger.ts'
import { ConfigError } from '../../config/faults.ts'
import type { IntegrationSettings } from '../../config/integration-settings.ts'
import { magentoSchemaFile } from '../../config/magento-schema-file.ts'
import { type Config, loadConfig } from '../../config.ts'
import { newTokenMemory } from '../../forward/admin-token/token-cache.ts'
import { openConnection } from '../../forward/magento.ts'
import { DialectMemory } from '../../forward/oauth1/dialect-memory.ts'
import { prepareUpstreamCredentials } from '../../forward/upstream-credentials.ts'
import { makeFolder } from '../../make-folder.ts'
import { readArguments, requiredOption } from '../arguments.ts'
import { fetchSchema } from './fetch-schema.ts'

/** `magento pull --config DIR [--integration NAME] [--store CODE]` */
export async function main(args: string[]): Promise<number> {
  const { values } = readArguments({
    args,
    options: {
      config: { type: 'string' },
      integration: { type: 'string' },
      store: { type: 'string', default: 'all' },
    },
  })
  return pull(requiredOption(values.config, 'config'), values.integration, values.store)
}

/**
 * Fetches the schema of the shop into the configuration. The previous one stays until a complete and valid document has
 * arrived.
 * @returns the exit code: 0, or 1 if no document could be fetched
 */
async function pull(directory: string, name: string | undefined, store: string): Promise<number> {
  let config: Config
  try {
    config = await loadConfig(directory, process.env, 'not needed')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return fail(error.message)
  }
  const integration = config.integrations.find(
    (each) => each.upstream.passthrough === undefined && (name === undefined || each.name === name),
  )
  if (integration === undefined) {
    const named = name === undefined ? '' : ` with the name ${name}`
    return fail(`no integration${named} has a credential for Magento`)
  }
  const file = join(directory, magentoSchemaFile)
  try {
    const document = await fetchFrom(config, integration, store)
    const operations = operationsOf(document).length
    // Magento treats a caller with invalid credentials as a guest. With a guest's schema nearly every request would be
    // refused.
    if (operations <= (document['x-anonymous']?.length ?? 0)) {
      return fail(
        `with the credential of ${integration.name}, Magento shows only what guests see: it is not valid, or grants nothing`,
      )
    }
    makeFolder(dirname(file))
    await replaceFile(file, `${JSON.stringify(document)}\n`)
    const guests = document['x-anonymous']?.length ?? 'an unknown number'
    process.stdout.write(`${file}: ${operations} operations, ${guests} of them for guests\n`)
    return 0
  } catch (error) {
    return fail(withCode(error as Error))
  }
}

/** Writes a file of its own beside the old one: another process may be writing at the same time. */
async function replaceFile(file: string, content: string): Promise<void> {
  const next = `${file}.${crypto.randomUUID()}.new`
  try {
    await writeFile(next, content)
    await rename(next, file)
  } finally {
    await rm(next, { force: true })
  }
}

/** The message of an error, and its code: that of a connection tells why there is none, such as a certificate. */
function withCode({ message, code }: NodeJS.ErrnoException): string {
  return code === undefined || message.startsWith(code) ? message : `${message} (${code})`
}

async function fetchFrom(config: Config, { upstream }: IntegrationSettings, store: string) {
  const { magento } = config.gateway
  const monotonicClock = () => performance.now()
  const connection = openConnection(magento)
  const authorize = prepareUpstreamCredentials(upstream, {
    ...connection,
    dialect: new DialectMemory(magento.version),
    tokenMemoryOf: () => newTokenMemory(monotonicClock),
    monotonicClock,
  })
  try {
    return await fetchSchema(connection.sendOwn, authorize, store)
  } finally {
    await connection.close()
  }
}

function fail(what: string): number {
  process.stderr.write(`magento pull: ${what}\n`)
  return 1
}
