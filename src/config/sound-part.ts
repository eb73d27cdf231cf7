import type { TSchema } from 'typebox'
import { isObject } from '../syntax/is-object.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import { type CheckedSettings, checkSettings, type SchemaFault } from './check-settings.ts'

/** What is left of settings without those that have a fault. */
export interface SoundPart {
  /** Has no faults. */
  readonly rest: CheckedSettings<TSchema>
  readonly leftOut: readonly SchemaFault[]
}

/**
 * Leaves out the members and items that have a fault, so that the rest can be checked further, and with each also what
 * has a fault without it.
 * @returns undefined if that would be the whole file
 */
export function soundPart(
  schema: TSchema,
  checked: CheckedSettings<TSchema>,
): SoundPart | undefined {
  let rest = checked
  const leftOut: SchemaFault[] = []
  const places = new Set<string>()
  while (rest.faults.length > 0) {
    const faulty = rest.faults.map((fault) => {
      let pointer = fault.isMissing ? holderOf(fault.pointer) : fault.pointer
      // Where an item was left out, the next one has its place.
      while (places.has(pointer)) pointer = holderOf(pointer)
      return { ...fault, pointer }
    })
    if (faulty.some(({ pointer }) => pointer === '')) return undefined
    leftOut.push(...faulty)
    const now = new Set(faulty.map(({ pointer }) => pointer))
    for (const place of now) places.add(place)
    rest = checkSettings(schema, without(rest.value, now))
  }
  return { rest, leftOut }
}

function without(settings: unknown, places: ReadonlySet<string>): unknown {
  const copy = (value: unknown, pointer: string): unknown => {
    if (!isObject(value)) return value
    const sound = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
      const place = `${pointer}/${escapePointer(key)}`
      return places.has(place) ? [] : [[key, copy(member, place)]]
    })
    return Array.isArray(value) ? sound.map(([, item]) => item) : Object.fromEntries(sound)
  }
  return copy(settings, '')
}

/**
 * The place at which a rule may find fault with the sound part only because something was left out: a key that no setting
 * has is missed by nobody, but another setting by those beside it. Around a whole file, that would be too much.
 */
export function affectedBy({ pointer, isUnknownKey }: SchemaFault): string {
  const holder = holderOf(pointer)
  return isUnknownKey || holder === '' ? pointer : holder
}

/**
 * The place at which another file may find fault with the sound part only because something was left out. A key that no
 * setting has may be meant for one that is missed beside it, even around a whole file.
 */
export function missedAround(fault: SchemaFault): string {
  return fault.isUnknownKey ? holderOf(fault.pointer) : affectedBy(fault)
}

function holderOf(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'))
}

/** Whether one of two places is within the other. */
export function overlap(one: string, two: string): boolean {
  return `${one}/`.startsWith(`${two}/`) || `${two}/`.startsWith(`${one}/`)
}
