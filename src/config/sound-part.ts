import { escapePointer } from '../syntax/json-pointer.ts'
import type { RuleFault } from './faults.ts'

/** Copies settings without the members and items that have a fault, so that the rest can be checked further. */
export function soundPart(settings: unknown, faults: readonly RuleFault[]): unknown {
  const faulty = new Set(faults.map(({ pointer }) => pointer))
  const copy = (value: unknown, pointer: string): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const sound = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
      const place = `${pointer}/${escapePointer(key)}`
      return faulty.has(place) ? [] : [[key, copy(member, place)]]
    })
    return Array.isArray(value) ? sound.map(([, item]) => item) : Object.fromEntries(sound)
  }
  return copy(settings, '')
}

/**
 * Whether a fault of the sound part is at, within or around a place that was left out, and so may only be a consequence.
 * For an item of a list that place is the list, whose other items have moved.
 */
export function isNear(fault: RuleFault, leftOut: RuleFault): boolean {
  const one = `${fault.pointer}/`
  const two = `${leftOut.pointer.replace(/\/\d+$/, '')}/`
  return one.startsWith(two) || two.startsWith(one)
}
