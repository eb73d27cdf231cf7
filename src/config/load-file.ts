import type { TSchema } from 'typebox'
import type { Secret } from '../contract/secret.ts'
import { checkSettings } from './check-settings.ts'
import { type Fault, type FaultyFile, inFile, type RuleFault } from './faults.ts'
import { applyPolicyClass, classFaults, type PolicyClasses } from './policy-classes.ts'
import { resolveReferences, type SettingsSources } from './references.ts'
import { affectedBy, missedAround, overlap, type SoundPart, soundPart } from './sound-part.ts'
import { readYamlFile } from './yaml-file.ts'

/** A file of the configuration that was read. */
export interface LoadedFile<Settings> extends FaultyFile {
  /** The settings as far as the file could be read. */
  readonly value: unknown
  /** The settings that have no fault themselves: all, if there is no fault. Absent if one is missing that must be there. */
  readonly sound?: Settings
  /** Whether a check against other files may find fault with a place, a JSON Pointer, only because of a fault that is reported. */
  readonly isAffected: (pointer: string) => boolean
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
  readonly finish: (settings: Settings, written: unknown) => Finished<Settings>
  /** The classes that such files refer to; absent if they cannot. */
  readonly classes?: PolicyClasses
}

/** Reads and checks a file, and finds every fault in it. */
export async function loadFile<Settings>(
  file: string,
  { schema, finish, classes }: FileKind<Settings>,
  sources: SettingsSources,
): Promise<LoadedFile<Settings>> {
  const read = await readYamlFile(file)
  if ('length' in read) {
    const nothing = { lineOf: () => undefined, value: undefined, secrets: [] }
    return { file, ...nothing, faults: read, isAffected: () => true }
  }
  const { value: written, lineOf } = read
  const checked = checkSettings(schema, classes ? applyPolicyClass(written, classes) : written)
  const resolved = await resolveReferences(checked.narrowed, checked.value, sources)
  const { value, secrets } = resolved
  const part = soundPart(schema, checked)
  const finished =
    checked.faults.length === 0
      ? finish(value as Settings, written)
      : part && (await finishSound(part, finish, written, sources))
  const faults = inFile({ file, lineOf }, [
    ...checked.faults,
    ...resolved.faults,
    ...(finished?.faults ?? []),
    ...(classes ? classFaults(written, classes) : []),
  ])
  const sound = finished?.settings
  const affected = [
    ...(part?.leftOut ?? []).map(missedAround),
    ...resolved.faults.map(({ pointer }) => pointer),
  ]
  return {
    file,
    lineOf,
    value,
    secrets,
    faults,
    isAffected: (pointer) => affected.some((place) => overlap(pointer, place)),
    ...(sound !== undefined && { sound }),
  }
}

/**
 * Finishes those settings that have no fault themselves, so that a wrong spelling somewhere does not hide the faults
 * between others.
 */
async function finishSound<Settings>(
  { rest, leftOut }: SoundPart,
  finish: FileKind<Settings>['finish'],
  written: unknown,
  sources: SettingsSources,
): Promise<Finished<Settings>> {
  const resolved = await resolveReferences(rest.narrowed, rest.value, sources)
  const affected = leftOut.map(affectedBy)
  const finished = finish(resolved.value as Settings, written)
  return {
    settings: finished.settings,
    faults: finished.faults.filter(
      ({ pointer }) => !affected.some((place) => overlap(pointer, place)),
    ),
  }
}
