import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
} from 'js-yaml'
import { pointerSteps } from '../syntax/json-pointer.ts'

/**
 * The line, counted from 1, of the value in a YAML text that a JSON Pointer points to, or of its nearest ancestor that
 * exists. The text is parsed again, since lines are needed only for faults, which most files do not have.
 * @param text valid YAML
 */
export function lineOfPointer(text: string, pointer: string): number | undefined {
  const events = parseEvents(text, {})
  // The first event opens the document.
  let at = 1
  let place = offsetOf(events[at])
  for (const step of pointerSteps(pointer)) {
    const member = memberAt(text, events, at, step)
    if (member === undefined) break
    at = member.value
    // An empty value has no position of its own.
    place = offsetOf(events[at]) ?? offsetOf(events[member.key]) ?? place
  }
  return lineAt(text, place)
}

/** The line of the first key that is a list or a map, or an alias of one; undefined if there is no such key. */
export function lineOfComplexKey(text: string): number | undefined {
  // For each open list and map, how many values it has so far; in a map, keys and values alternate.
  const open: { readonly isMap: boolean; values: number }[] = []
  const anchors = new Set<string>()
  for (const event of parseEvents(text, {})) {
    if (event.type === EVENT_ID.POP) {
      open.pop()
      continue
    }
    const isCollection = event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING
    const name = 'anchorStart' in event ? text.slice(event.anchorStart, event.anchorEnd) : ''
    if (isCollection) anchors.add(name)
    const isComplex = isCollection || (event.type === EVENT_ID.ALIAS && anchors.has(name))
    const parent = open.at(-1)
    if (isComplex && parent?.isMap && parent.values % 2 === 0) return lineAt(text, offsetOf(event))
    if (parent !== undefined) parent.values += 1
    if (isCollection) open.push({ isMap: event.type === EVENT_ID.MAPPING, values: 0 })
  }
  return undefined
}

function lineAt(text: string, offset: number | undefined): number | undefined {
  return offset === undefined ? undefined : text.slice(0, offset).split('\n').length
}

/** The indexes of the events at which the member of a list or map begins; undefined if there is no such member. */
function memberAt(text: string, events: readonly Event[], at: number, step: string) {
  const parent = events[at]?.type
  if (parent !== EVENT_ID.SEQUENCE && parent !== EVENT_ID.MAPPING) return undefined
  let index = 0
  for (let key = at + 1; events[key]?.type !== EVENT_ID.POP; index += 1) {
    const value = parent === EVENT_ID.MAPPING ? behind(events, key) : key
    const name = parent === EVENT_ID.MAPPING ? scalarAt(text, events[key]) : String(index)
    if (name === step) return { key, value }
    key = behind(events, value)
  }
  return undefined
}

function scalarAt(text: string, event: Event | undefined): string | undefined {
  return event?.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : undefined
}

/** The index of the event after a value, including everything within it. */
function behind(events: readonly Event[], at: number): number {
  let index = at
  let depth = 0
  do {
    const type = events[index]?.type
    if (type === EVENT_ID.SEQUENCE || type === EVENT_ID.MAPPING) depth += 1
    if (type === EVENT_ID.POP) depth -= 1
    index += 1
  } while (depth > 0)
  return index
}

function offsetOf(event: Event | undefined): number | undefined {
  if (event === undefined) return undefined
  // A block scalar only has the position of its content, which is on the line after the key.
  if (event.type === EVENT_ID.SCALAR) return isBlock(event) ? undefined : known(event.valueStart)
  if (event.type === EVENT_ID.ALIAS) return known(event.anchorStart)
  return 'start' in event ? known(event.start) : undefined
}

function isBlock({ style }: ScalarEvent): boolean {
  return style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK
}

/** js-yaml uses -1 for a missing position. */
function known(offset: number): number | undefined {
  return offset === -1 ? undefined : offset
}
