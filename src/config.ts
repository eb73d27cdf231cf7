import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SwaggerDocument } from './authorize/magento-contract/swagger.ts'
import { checkCachedEndpoints } from './config/cache-rules.ts'
import { checkCertificateShown, checkCertificates } from './config/certificate-rules.ts'
import { checkEndpointRoutes } from './config/endpoint-routes.ts'
import { ConfigError, type Fault, inFile, type RuleFault } from './config/faults.ts'
import { checkGatewayRules, checkPublicUrl } from './config/gateway-rules.ts'
import { GatewaySettings } from './config/gateway-settings.ts'
import { checkGrantRules } from './config/grant-rules.ts'
import { inTurns } from './config/in-turns.ts'
import { checkIntegrationRules } from './config/integration-rules.ts'
import { IntegrationSettings } from './config/integration-settings.ts'
import { checkJobEngines, checkJobsEnabled } from './config/job-rules.ts'
import { listYamlFiles } from './config/list-yaml-files.ts'
import { type FileKind, type Finished, type LoadedFile, loadFile } from './config/load-file.ts'
import {
  checkNeedOfMagentoSchema,
  type ReadSchema,
  readMagentoSchema,
} from './config/magento-schema-file.ts'
import { checkMappingPatterns } from './config/mapping-patterns.ts'
import { memberOf } from './config/member-of.ts'
import { classesOf, PolicyClassSettings } from './config/policy-classes.ts'
import type { SettingsSources } from './config/references.ts'
import { expandGrants } from './config/route-groups.ts'
import { openSchemaFiles } from './config/schema-files.ts'
import { checkTlsFiles } from './config/tls-rules.ts'
import { readTracing, type TracingSettings } from './config/tracing-settings.ts'
import { checkUniqueness, type Identity } from './config/uniqueness.ts'
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
 * @param magentoSchema whether the schema of Magento must be there, with everything that integrations refer to; or a
 *   schema to use instead of the file, which need not have all that
 * @throws {ConfigError} with every fault of every file
 */
export async function loadConfig(
  directory: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  magentoSchema: 'needed' | 'not needed' | SwaggerDocument = 'needed',
): Promise<Config> {
  const sources = { directory, env, readSchemaFile: openSchemaFiles(directory) }
  const gateway = await loadFile(join(directory, 'gateway.yaml'), gatewayFile, sources)
  const classFiles = await loadFolder(directory, 'policies', classFile, sources)
  const { classes, faults: twins } = classesOf(classFiles.files)
  const defined = await loadFolder(directory, 'endpoints', endpointFile, sources)
  const isSchemaNeeded = magentoSchema === 'needed'
  const { document, faults: ofSchema }: ReadSchema =
    typeof magentoSchema === 'object'
      ? { document: magentoSchema, faults: [] }
      : await readMagentoSchema(directory)
  const integrationFile: FileKind<IntegrationSettings> = {
    schema: IntegrationSettings,
    finish: (settings, written) => finishIntegration(settings, written, isSchemaNeeded, document),
    classes,
  }
  const integrations = await loadFolder(directory, 'integrations', integrationFile, sources)
  const identities = integrations.files.map(identityOf)
  const known = integrations.files.flatMap(({ sound }) => sound ?? [])
  const tracing = readTracing(env)
  // At a reload, requests are served meanwhile.
  await nextTurn()
  const faults = [
    ...[gateway, integrations, defined, classFiles].flatMap((loaded) => loaded.faults),
    ...twins,
    ...checkEndpointRoutes(defined.files),
    ...checkUniqueness(identities),
    ...checkCertificates(identities),
    ...checkIntegrations(integrations.files, {
      gateway,
      defined: defined.files,
      isSchemaMissed: isSchemaNeeded && document === undefined,
    }),
    ...(await checkGateway(gateway, known)),
    ...tracing.faults,
    ...(isSchemaNeeded ? ofSchema : []),
  ]
  if (integrations.files.length === 0 && integrations.faults.length === 0) {
    const file = join(directory, 'integrations')
    faults.push({ file, pointer: '', expected: 'at least one .yaml file with an integration' })
  }
  if (faults.length > 0 || gateway.sound === undefined) throw new ConfigError(faults)
  return {
    gateway: gateway.sound,
    endpoints: defined.files.flatMap(({ sound }) => sound ?? []),
    magentoSchema: document,
    integrations: known,
    tracing: tracing.settings,
    secrets: [gateway, ...integrations.files, tracing].flatMap(({ secrets }) => secrets),
  }
}

const gatewayFile: FileKind<GatewaySettings> = {
  schema: GatewaySettings,
  finish: (settings) => ({ settings, faults: checkGatewayRules(settings) }),
}

const classFile: FileKind<PolicyClassSettings> = {
  schema: PolicyClassSettings,
  finish: (settings) => ({ settings, faults: [] }),
}

const endpointFile: FileKind<EndpointFileSettings> = {
  schema: EndpointFileSettings,
  finish: (settings) => ({
    settings,
    faults: [...endpointFaults(settings), ...checkMappingPatterns(settings)],
  }),
}

/** Loads all YAML files of a folder; `faults` are those of the folder and of its files. */
async function loadFolder<Settings>(
  directory: string,
  name: string,
  kind: FileKind<Settings>,
  sources: SettingsSources,
): Promise<{
  readonly files: readonly LoadedFile<Settings>[]
  readonly faults: readonly Fault[]
}> {
  const listed = await listYamlFiles(directory, name)
  const files = await inTurns(listed.files, (file) => loadFile(file, kind, sources))
  return { files, faults: [...listed.faults, ...files.flatMap(({ faults }) => faults)] }
}

/** What integrations are checked against. */
interface Others {
  readonly gateway: LoadedFile<GatewaySettings>
  readonly defined: readonly LoadedFile<EndpointFileSettings>[]
  /** Whether the schema of the shop must be there, and is not. */
  readonly isSchemaMissed: boolean
}

/** Checks that the rest of the configuration has what its integrations need. */
function checkIntegrations(
  integrations: readonly LoadedFile<IntegrationSettings>[],
  { gateway, defined, isSchemaMissed }: Others,
): Fault[] {
  const listening = gateway.isAffected('/listen') ? undefined : gateway.sound
  const composed = [
    ...defined.flatMap(({ sound }) => sound?.route ?? []),
    ...endpoints.flatMap(({ routes }) => routes),
  ]
  return integrations.flatMap((each) =>
    checkSound(each, (settings) => [
      ...checkCachedEndpoints(settings, defined),
      ...checkJobEngines(settings, composed),
      ...(listening ? checkCertificateShown(settings, listening) : []),
      ...(isSchemaMissed ? checkNeedOfMagentoSchema(settings) : []),
    ]),
  )
}

/** Checks that the gateway has the files and settings that it needs itself, and for its integrations. */
async function checkGateway(
  gateway: LoadedFile<GatewaySettings>,
  integrations: readonly IntegrationSettings[],
): Promise<Fault[]> {
  const ofTls = gateway.sound ? await checkTlsFiles(gateway.sound, gateway.isAffected) : []
  return checkSound(gateway, (settings) => [
    ...checkPublicUrl(settings, integrations),
    ...ofTls,
    ...checkJobsEnabled(settings, integrations),
  ])
}

/** Checks what is sound of a file against others, without faults that may only follow from others of the file. */
function checkSound<Settings>(
  loaded: LoadedFile<Settings>,
  check: (settings: Settings) => readonly RuleFault[],
): Fault[] {
  const { sound, isAffected } = loaded
  if (sound === undefined) return []
  return inFile(
    loaded,
    check(sound).filter(({ pointer }) => !isAffected(pointer)),
  )
}

function identityOf(loaded: LoadedFile<IntegrationSettings>): Identity {
  const { file, lineOf, value, sound, isAffected } = loaded
  const name = memberOf(value, 'name')
  const token = memberOf(memberOf(value, 'credentials'), 'token')
  const credentials = isAffected('/credentials') ? undefined : sound?.credentials
  return { file, lineOf, name, token, credentials }
}

/** Replaces groups of routes by their routes, and checks the rules between settings. */
function finishIntegration(
  resolved: IntegrationSettings,
  written: unknown,
  isSchemaNeeded: boolean,
  document: SwaggerDocument | undefined,
): Finished<IntegrationSettings> {
  const { routes: grants, ...policies } = resolved.policies
  const { routes, faults } = expandGrants(grants ?? [], document)
  const settings = {
    ...resolved,
    policies: { ...policies, ...(grants && { routes: [...routes] }) },
  }
  // Nobody knows which route a grant was to be that was left out because it has a fault itself.
  const wanted = memberOf(memberOf(written, 'policies'), 'routes')
  const hasAll = !Array.isArray(wanted) || wanted.length === grants?.length
  const ofNames = hasAll ? checkGrantRules(settings, written) : []
  // Without the schema it is not known which routes tags grant.
  const ofGrants = isSchemaNeeded ? [...faults, ...ofNames] : []
  return { settings, faults: [...ofGrants, ...checkIntegrationRules(settings)] }
}
