import { parse } from 'node:path'
import { type Static, Type } from 'typebox'
import { RateLimitClassSettings } from '../authorize/limits/limit-settings.ts'
import { closed } from '../contract/setting-forms.ts'
import { isObject } from '../syntax/is-object.ts'
import { type Fault, faultAt, type RuleFault } from './faults.ts'
import type { LoadedFile } from './load-file.ts'
import { memberOf } from './member-of.ts'

/** The shape of a file below `policies/`, a class of settings that integrations refer to by its name. */
export const PolicyClassSettings = Type.Object(
  { rateLimit: RateLimitClassSettings },
  { ...closed, title: 'magegate policy class' },
)

/** A file below `policies/` that matches the schema. */
export type PolicyClassSettings = Static<typeof PolicyClassSettings>

/** The files of the classes, by the name of the class. */
export type PolicyClasses = ReadonlyMap<string, LoadedFile<PolicyClassSettings>>

/** The classes of a configuration, and a fault for each file whose class another file has too. */
export function classesOf(files: readonly LoadedFile<PolicyClassSettings>[]): {
  readonly classes: PolicyClasses
  readonly faults: readonly Fault[]
} {
  const classes = new Map<string, LoadedFile<PolicyClassSettings>>()
  const faults: Fault[] = []
  for (const each of files) {
    const { file } = each
    const { name } = parse(file)
    const twin = classes.get(name)
    if (twin === undefined) classes.set(name, each)
    else {
      const expected = `another name, since ${twin.file} has the same class`
      faults.push({ file, pointer: '', expected })
    }
  }
  return { classes, faults }
}

/**
 * Adds to an integration the settings of its class of rate limits. The integration's own settings take precedence, and
 * so do its routes and methods, each of which replaces that of the class as a whole.
 */
export function applyPolicyClass(written: unknown, classes: PolicyClasses): unknown {
  const policies = memberOf(written, 'policies')
  const own = memberOf(policies, 'rateLimit')
  const name = memberOf(own, 'class')
  const named = typeof name === 'string' ? classes.get(name) : undefined
  // What is left of a class with a fault may fit together no longer.
  if (named?.sound === undefined || named.faults.length > 0) return written
  const inherited = named.sound.rateLimit
  const routes = memberOf(own, 'routes')
  const rateLimit = {
    ...inherited,
    ...(own as object),
    ...(isObject(routes) &&
      !Array.isArray(routes) && { routes: { ...inherited.routes, ...routes } }),
  }
  return { ...(written as object), policies: { ...(policies as object), rateLimit } }
}

/** Reports a class that an integration refers to and that does not exist. */
export function classFaults(written: unknown, classes: PolicyClasses): RuleFault[] {
  const name = memberOf(memberOf(memberOf(written, 'policies'), 'rateLimit'), 'class')
  if (typeof name !== 'string' || classes.has(name)) return []
  const there = classes.size === 0 ? 'there is none' : `one of ${[...classes.keys()].join(', ')}`
  return faultAt('/policies/rateLimit/class', `a class of policies/: ${there}`)
}
