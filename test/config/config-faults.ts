import { ConfigError, type Fault, formatFault } from '../../src/config/faults.ts'
import { loadConfig } from '../../src/config.ts'
import { type ConfigFiles, writeConfig } from '../support/config-directory.ts'
import { acme, gatewaySettings, globex, testEnv } from '../support/gateway.ts'

/** What is changed of a configuration with one integration. */
export interface ConfigChanges {
  readonly integration?: Readonly<Record<string, unknown>>
  readonly gateway?: Readonly<Record<string, object>>
  readonly endpoints?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

/** The faults of the configuration in a folder; none if it can be used. */
export async function faultsAt(
  folder: string,
  env: Readonly<Record<string, string>> = testEnv,
): Promise<readonly Fault[]> {
  try {
    await loadConfig(folder, env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults
  }
}

/** The place of each fault, and what was expected there. */
export async function faultLinesAt(
  folder: string,
  env: Readonly<Record<string, string>> = testEnv,
): Promise<string[]> {
  return (await faultsAt(folder, env)).map(({ pointer, expected }) => `${pointer}: ${expected}`)
}

/** What `check` says of a configuration: from the place to what was expected there. */
export async function configFaults({
  integration = {},
  gateway = {},
  endpoints = {},
  env = testEnv,
}: ConfigChanges): Promise<Map<string, string>> {
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1', gateway }, 'var/audit.jsonl'),
    integrations: { globex: { ...globex, ...integration } },
    endpoints,
  })
  const faults = await faultsAt(files.path, env)
  return new Map(faults.map(({ pointer, expected }) => [pointer, expected]))
}

/** The files of a configuration that can be used, some of them changed. */
export function filesWith(changes: Partial<ConfigFiles>): ConfigFiles {
  return {
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
    integrations: { acme, globex },
    ...changes,
  }
}

/** What `check` prints of each fault of the configuration in a folder, whose own path is left out. */
export async function faultTextAt(
  folder: string,
  env: Readonly<Record<string, string>> = testEnv,
): Promise<string> {
  const faults = await faultsAt(folder, env)
  return faults.map(formatFault).join('\n').replaceAll(`${folder}/`, '')
}

/** The same of changed files. */
export async function faultTextOf(
  changes: Partial<ConfigFiles>,
  env: Readonly<Record<string, string>> = testEnv,
): Promise<string> {
  await using directory = await writeConfig(filesWith(changes))
  return await faultTextAt(directory.path, env)
}
