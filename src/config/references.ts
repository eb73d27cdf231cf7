import { resolve } from 'node:path'
import type { TSchema } from 'typebox'
import { Secret } from '../contract/secret.ts'
import { isObject } from '../syntax/is-object.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import { pemCertificates } from '../syntax/pem-certificates.ts'
import type { RuleFault } from './faults.ts'
import { readBytes } from './read-bytes.ts'
import type { ReadSchemaFile } from './schema-files.ts'
import {
  type ReferenceSources,
  type Resolved,
  resolveSecret,
  type SecretBounds,
} from './secret-reference.ts'

/** The sources that references in settings can point to. */
export interface SettingsSources extends ReferenceSources {
  readonly readSchemaFile: ReadSchemaFile
}

/** Settings whose references have been resolved. */
export interface ResolvedSettings {
  readonly value: unknown
  /** Every secret that was found, without user names. */
  readonly secrets: readonly Secret[]
  /** One for each reference that cannot be resolved. */
  readonly faults: readonly RuleFault[]
}

/**
 * Replaces every reference in settings by what it points to: secrets by a `Secret`, schema files by their validator,
 * other files by their path. The keyword `reference` in a schema marks a setting as a reference.
 */
export async function resolveReferences(
  schema: TSchema,
  settings: unknown,
  sources: SettingsSources,
): Promise<ResolvedSettings> {
  const faults: RuleFault[] = []
  const secrets: Secret[] = []
  const walk = async (node: SchemaNode, value: unknown, pointer: string): Promise<unknown> => {
    if (node.reference !== undefined) {
      // If it does not have the right form, a fault has been reported already.
      if (typeof value !== 'string' || !new RegExp(node.pattern ?? '').test(value)) return value
      const resolved = await resolveReference(node, value, sources)
      if ('value' in resolved) {
        if (resolved.value instanceof Secret && !node.isUserName) secrets.push(resolved.value)
        return resolved.value
      }
      faults.push({ pointer, expected: resolved.expected })
      return value
    }
    if (Array.isArray(value)) {
      const { items } = node
      if (items === undefined) return value
      return Promise.all(value.map((item, index) => walk(items, item, `${pointer}/${index}`)))
    }
    if (!isObject(value)) return value
    const members = Object.entries(value).map(async ([key, member]) => {
      const below = node.properties?.[key] ?? Object.values(node.patternProperties ?? {})[0]
      return [key, below ? await walk(below, member, `${pointer}/${escapePointer(key)}`) : member]
    })
    return Object.fromEntries(await Promise.all(members))
  }
  return { value: await walk(schema as SchemaNode, settings, ''), secrets, faults }
}

interface SchemaNode {
  readonly reference?: 'secret' | 'schema' | 'file' | 'authorities'
  readonly pattern?: string
  readonly minSecretLength?: number
  readonly secretForm?: SecretBounds['form']
  readonly isUserName?: boolean
  readonly items?: SchemaNode
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
}

function resolveReference(
  { reference, minSecretLength: minLength = 1, secretForm: form }: SchemaNode,
  value: string,
  sources: SettingsSources,
): Promise<Resolved> {
  if (reference === 'secret') return resolveSecret(value, { minLength, form }, sources)
  if (reference === 'schema') return sources.readSchemaFile(value)
  return resolveFile(value, sources, reference === 'authorities')
}

async function resolveFile(
  file: string,
  { directory }: ReferenceSources,
  hasCertificates: boolean,
): Promise<Resolved> {
  const path = resolve(directory, file)
  const bytes = await readBytes(path)
  if ('code' in bytes) return { expected: `the file ${file} to be readable (${bytes.code})` }
  // Node ignores text that is not a certificate, and would then trust nobody.
  if (hasCertificates && !isCertificates(bytes.toString()))
    return { expected: `certificates in PEM in ${file}` }
  return { value: path }
}

function isCertificates(text: string): boolean {
  try {
    return pemCertificates(text).length > 0
  } catch {
    return false
  }
}
