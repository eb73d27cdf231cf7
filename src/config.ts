import { join } from 'node:path'
import type { TSchema } from 'typebox'
import type { SwaggerDocument } from './authorize/magento-contract/swagger.ts'
import { checkCachedEndpoints } from './config/cache-rules.ts'
import { checkCertificates } from './config/certificate-rules.ts'
import { checkSettings } from './config/check-settings.ts'
import {
  checkGatewayRules,
  checkIntegrationRules,
  checkPublicUrl,
  checkUniqueness,
  type Identity,
} from './config/cross-checks.ts'
import { checkEndpointRoutes } from './config/endpoint-routes.ts'
import { ConfigError, type Fault, type RuleFault } from './config/faults.ts'
import { GatewaySettings } from './config/gateway-settings.ts'
import { checkGrantRules } from './config/grant-rules.ts'
import { inTurns } from './config/in-turns.ts'
import { IntegrationSettings } from './config/integration-settings.ts'
import { checkJobEngines, checkPlaceForJobs } from './config/job-rules.ts'
import { listYamlFiles } from './config/list-yaml-files.ts'
import { checkContract, type ReadContract, readContract } from './config/magento-schema-file.ts'
import {
  applyPolicyClass,
  classFaults,
  type PolicyClasses,
  readPolicyClasses,
} from './config/policy-classes.ts'
import { resolveReferences, type SettingsSources } from './config/references.ts'
import { expandGrants } from './config/route-groups.ts'
import { openSchemaFiles } from './config/schema-files.ts'
import { checkTlsFiles } from './config/tls-rules.ts'
import { readTracing, type TracingSettings } from './config/tracing-settings.ts'
import { readYamlFile, type YamlFile } from './config/yaml-file.ts'
import type { Secret } from './contract/secret.ts'
import { EndpointFileSettings } from './endpoints/defined-endpoint.ts'
import { endpointFaults } from './endpoints/endpoint-faults.ts'
import { endpoints } from './endpoints/endpoints.ts'

/** A checked configuration, with defaults filled in and references resolved. */
export interface Config {
  readonly gateway: GatewaySettings
  readonly integrations: readonly IntegrationSettings[]
  /** The endpoints that the files in `endpoints/` define. */
  readonly endpoints: readonly EndpointFileSettings[]
  /** The schema of the shop; absent if it was not fetched. */
  readonly magentoSchema?: SwaggerDocument | undefined
  /** Absent if tracing is off. */
  readonly tracing?: TracingSettings | undefined
  /** Every secret of the configuration, so that no output ever shows one. */
  readonly secrets: readonly Secret[]
}

/**
 * Reads `gateway.yaml`, `magento/schema.json` and the files of `integrations/`, `policies/` and `endpoints/`
 * below a directory.
 * @param env the variables for `env:NAME` and for tracing; nothing but this and `readSecret` reads the environment
 * @param contract whether the schema of Magento must be there, with everything that integrations refer to; or a schema
 *   to use instead of the file, which need not have all that
 * @throws {ConfigError} with every fault of every file
 */
export async function loadConfig(
  directory: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  contract: 'needed' | 'not needed' | SwaggerDocument = 'needed',
): Promise<Config> {
  const sources = { directory, env, readSchemaFile: openSchemaFiles(directory) }
  const gateway = await loadFile(
    join(directory, 'gateway.yaml'),
    GatewaySettings,
    (settings: GatewaySettings) => ({ settings, faults: checkGatewayRules(settings) }),
    sources,
  )
  const classes = await readPolicyClasses(directory)
  const isContractNeeded = contract === 'needed'
  const read: ReadContract =
    typeof contract === 'object'
      ? { document: contract, faults: [] }
      : await readContract(directory)
  const finish = (settings: IntegrationSettings, { value }: YamlFile) =>
    finishIntegration(settings, value, isContractNeeded, read.document)
  const listed = await listYamlFiles(directory, 'integrations')
  const listedEndpoints = await listYamlFiles(directory, 'endpoints')
  const endpointFiles = await Promise.all(
    listedEndpoints.files.map((file) =>
      loadFile(
        file,
        EndpointFileSettings,
        (settings: EndpointFileSettings) => ({ settings, faults: endpointFaults(settings) }),
        sources,
      ),
    ),
  )
  const integrations = await inTurns(listed.files, (file) =>
    loadFile(file, IntegrationSettings, finish, sources, classes),
  )
  const faults = [gateway, ...integrations, ...endpointFiles].flatMap((loaded) => loaded.faults)
  faults.push(...listed.faults, ...listedEndpoints.faults)
  faults.push(...classes.faults, ...checkEndpointRoutes(endpointFiles))
  faults.push(...checkUniqueness(integrations.map(identityOf)), ...checkCertificates(integrations))
  const composed = [
    ...endpointFiles.flatMap(({ settings }) => settings?.route ?? []),
    ...endpoints.flatMap(({ routes }) => routes),
  ]
  for (const each of integrations) {
    faults.push(...checkCachedEndpoints(each, endpointFiles), ...checkJobEngines(each, composed))
  }
  if (gateway.settings !== undefined) {
    const known = integrations.flatMap(({ settings }) => settings ?? [])
    faults.push(...checkPublicUrl(gateway.file, gateway.settings, known))
    faults.push(...(await checkTlsFiles(gateway.file, gateway.settings)))
    faults.push(...checkPlaceForJobs(gateway.file, gateway.settings, known))
  }
  const tracing = readTracing(env)
  faults.push(...tracing.faults)
  if (isContractNeeded) faults.push(...read.faults, ...checkContract(read.document, integrations))
  if (listed.files.length === 0 && listed.faults.length === 0) {
    const file = join(directory, 'integrations')
    faults.push({ file, pointer: '', expected: 'at least one .yaml file with an integration' })
  }
  if (faults.length > 0 || gateway.settings === undefined) throw new ConfigError(faults)
  return {
    gateway: gateway.settings,
    endpoints: endpointFiles.flatMap(({ settings }) => settings ?? []),
    magentoSchema: read.document,
    integrations: integrations.flatMap(({ settings }) => settings ?? []),
    tracing: tracing.settings,
    secrets: [gateway, ...integrations, tracing].flatMap(({ secrets }) => secrets),
  }
}

function identityOf({ file, lineOf, value, settings }: LoadedFile<IntegrationSettings>): Identity {
  const read = value as Partial<IntegrationSettings> | null | undefined
  const { name, credentials } = read ?? {}
  const signature = settings?.credentials.signature
  return { file, lineOf, name, token: credentials?.token, signature }
}

/** Finished settings, and the faults that were found by comparing them with each other. */
interface Finished<Settings> {
  readonly settings: Settings
  readonly faults: readonly RuleFault[]
}

/** Replaces groups of routes by their routes, and checks the rules between settings. */
function finishIntegration(
  resolved: IntegrationSettings,
  written: unknown,
  isContractNeeded: boolean,
  document: SwaggerDocument | undefined,
): Finished<IntegrationSettings> {
  const { routes: grants, ...policies } = resolved.policies
  const { routes, faults } = expandGrants(grants ?? [], document)
  const settings = {
    ...resolved,
    policies: { ...policies, ...(grants && { routes: [...routes] }) },
  }
  // Without the contract it is not known which routes tags grant.
  const ofGrants = isContractNeeded ? [...faults, ...checkGrantRules(settings, written)] : []
  return { settings, faults: [...ofGrants, ...checkIntegrationRules(settings)] }
}

interface LoadedFile<Settings> {
  readonly file: string
  readonly lineOf: (pointer: string) => number | undefined
  /** The settings as far as the file could be read. */
  readonly value: unknown
  /** Absent if the file has a fault. */
  readonly settings?: Settings
  readonly secrets: readonly Secret[]
  readonly faults: readonly Fault[]
}

async function loadFile<Settings>(
  file: string,
  schema: TSchema,
  finish: (settings: Settings, written: YamlFile) => Finished<Settings>,
  sources: SettingsSources,
  classes?: PolicyClasses,
): Promise<LoadedFile<Settings>> {
  const written = await readYamlFile(file)
  if ('length' in written)
    return { file, lineOf: () => undefined, value: undefined, secrets: [], faults: written }
  const source = classes === undefined ? written : applyPolicyClass(written, classes)
  const checked = checkSettings(schema, source)
  const { value, secrets, faults } = await resolveReferences(
    checked.narrowed,
    checked.value,
    sources,
  )
  const isTyped = checked.faults.length === 0
  const finished = isTyped ? finish(value as Settings, written) : undefined
  const found = [...faults, ...(finished?.faults ?? [])].map(
    ({ pointer, expected }): Fault => ({ file, pointer, line: source.lineOf(pointer), expected }),
  )
  const all = [...checked.faults, ...found, ...(classes ? classFaults(written, classes) : [])]
  return {
    file,
    lineOf: source.lineOf,
    value,
    secrets,
    faults: all,
    ...(all.length === 0 && finished && { settings: finished.settings }),
  }
}
