import type { TSchema } from 'typebox'
import type { Secret } from '../contract/secret.ts'
import { type CheckedSettings, checkSettings } from './check-settings.ts'
import { type Fault, inFile, type ReadSettings, type RuleFault } from './faults.ts'
import { applyPolicyClass, classFaults, type PolicyClasses } from './policy-classes.ts'
import { resolveReferences, type SettingsSources } from './references.ts'
import { affectedBy, overlap, soundPart } from './sound-part.ts'
import { readYamlFile, type YamlFile } from './yaml-file.ts'

/** A file of the configuration that was read. */
export interface LoadedFile<Settings> extends ReadSettings<Settings> {
  /** The settings as far as the file could be read. */
  readonly value: unknown
  readonly secrets: readonly Secret[]
  readonly faults: readonly Fault[]
}

/** Finished settings, and the faults that were found by comparing them with each other. */
export interface Finished<Settings> {
  readonly settings: Settings
  readonly faults: readonly RuleFault[]
}

/** A kind of file. */
export interface FileKind<Settings> {
  readonly schema: TSchema
  /** Finishes settings that match the schema, and checks what the schema cannot express. */
  readonly finish: (settings: Settings, written: YamlFile) => Finished<Settings>
  /** The classes that such files refer to; absent if they cannot. */
  readonly classes?: PolicyClasses
}

/** Reads and checks a file, and finds every fault in it. */
export async function loadFile<Settings>(
  file: string,
  { schema, finish, classes }: FileKind<Settings>,
  sources: SettingsSources,
): Promise<LoadedFile<Settings>> {
  const written = await readYamlFile(file)
  if ('length' in written) {
    return { file, lineOf: () => undefined, value: undefined, secrets: [], faults: written }
  }
  const source = classes === undefined ? written : applyPolicyClass(written, classes)
  const checked = checkSettings(schema, source)
  const resolved = await resolveReferences(checked.narrowed, checked.value, sources)
  const { value, secrets } = resolved
  const isTyped = checked.faults.length === 0
  const finished = isTyped ? finish(value as Settings, written) : undefined
  const between =
    finished?.faults ?? (await faultsBetween(checked, { schema, finish }, written, source, sources))
  const faults = [
    ...checked.faults,
    ...inFile(source, [...resolved.faults, ...between]),
    ...(classes === undefined ? [] : classFaults(written, classes)),
  ]
  const settings = faults.length === 0 ? finished?.settings : undefined
  return {
    file,
    lineOf: source.lineOf,
    value,
    secrets,
    faults,
    ...(settings !== undefined && { settings }),
  }
}

/** The faults between those settings that have none themselves, so that a wrong spelling somewhere does not hide them. */
async function faultsBetween<Settings>(
  { value, faults, unknownKeys }: CheckedSettings<TSchema>,
  { schema, finish }: FileKind<Settings>,
  written: YamlFile,
  source: YamlFile,
  sources: SettingsSources,
): Promise<readonly RuleFault[]> {
  const rest = checkSettings(schema, { ...source, value: soundPart(value, faults) })
  if (rest.faults.length > 0) return []
  const resolved = await resolveReferences(rest.narrowed, rest.value, sources)
  const affected = faults.map(({ pointer }) => affectedBy(pointer, unknownKeys.has(pointer)))
  return finish(resolved.value as Settings, written).faults.filter(
    ({ pointer }) => !affected.some((place) => overlap(pointer, place)),
  )
}
