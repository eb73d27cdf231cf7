import { parse } from 'node:path'
import { type Static, Type } from 'typebox'
import { RateLimitClassSettings } from '../authorize/limits/limit-settings.ts'
import { isObject } from '../syntax/is-object.ts'
import { checkSettings } from './check-settings.ts'
import { type Fault, faultAt, inFile } from './faults.ts'
import { listYamlFiles } from './list-yaml-files.ts'
import { memberOf } from './member-of.ts'
import { readYamlFile, type YamlFile } from './yaml-file.ts'

/** The shape of a file below `policies/`, a class of settings that integrations refer to by its name. */
export const PolicyClassSettings = Type.Object(
  { rateLimit: RateLimitClassSettings },
  { additionalProperties: false, title: 'magegate policy class' },
)

type RateLimitClass = Static<typeof PolicyClassSettings>['rateLimit']

/** The classes of a configuration. */
export interface PolicyClasses {
  readonly byName: ReadonlyMap<string, RateLimitClass>
  /** The files of the folder by the names of their classes, including those with faults. */
  readonly names: ReadonlyMap<string, string>
  readonly faults: readonly Fault[]
}

/** Reads the files `policies/*.yaml` below a directory, if there are any. */
export async function readPolicyClasses(directory: string): Promise<PolicyClasses> {
  const listed = await listYamlFiles(directory, 'policies')
  const byName = new Map<string, RateLimitClass>()
  const names = new Map<string, string>()
  const faults = [...listed.faults]
  for (const file of listed.files) {
    const { name } = parse(file)
    const twin = names.get(name)
    if (twin !== undefined) {
      faults.push({ file, pointer: '', expected: `another name, since ${twin} has the same class` })
    }
    names.set(name, file)
    const source = await readYamlFile(file)
    const checked = 'length' in source ? undefined : checkSettings(PolicyClassSettings, source)
    faults.push(...(checked?.faults ?? (source as readonly Fault[])))
    if (checked?.faults.length === 0) byName.set(name, checked.value.rateLimit)
  }
  return { byName, names, faults }
}

/**
 * Adds to an integration the settings of its class of rate limits. The integration's own settings take precedence, and
 * so do its routes and methods, each of which replaces that of the class as a whole.
 */
export function applyPolicyClass(source: YamlFile, classes: PolicyClasses): YamlFile {
  const policies = memberOf(source.value, 'policies')
  const own = memberOf(policies, 'rateLimit')
  const name = memberOf(own, 'class')
  const inherited = typeof name === 'string' ? classes.byName.get(name) : undefined
  if (inherited === undefined) return source
  const routes = memberOf(own, 'routes')
  const rateLimit = {
    ...inherited,
    ...(own as object),
    ...(isObject(routes) && { routes: { ...inherited.routes, ...routes } }),
  }
  const value = { ...(source.value as object), policies: { ...(policies as object), rateLimit } }
  return { ...source, value }
}

/** Reports a class that an integration refers to and that does not exist. */
export function classFaults(source: YamlFile, { names }: PolicyClasses): Fault[] {
  const name = memberOf(memberOf(memberOf(source.value, 'policies'), 'rateLimit'), 'class')
  if (typeof name !== 'string' || names.has(name)) return []
  const there = names.size === 0 ? 'there is none' : `one of ${[...names.keys()].join(', ')}`
  return inFile(source, faultAt('/policies/rateLimit/class', `a class of policies/: ${there}`))
}
