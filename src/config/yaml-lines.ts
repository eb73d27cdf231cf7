import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
} from 'js-yaml'
import { unescapePointer } from '../syntax/json-pointer.ts'

/**
 * The line of the place in a YAML text that a JSON Pointer names, or of the nearest one above it that is there,
 * counted from 1. Reads the text again: only faults ask for lines, and most files have none.
 * @param text that can be read
 */
export function lineOfPointer(text: string, pointer: string): number | undefined {
  const events = parseEvents(text, {})
  // The first event opens the document.
  let at = 1
  let place = offsetOf(events[at])
  for (const step of pointer.split('/').slice(1).map(unescapePointer)) {
    const member = memberAt(text, events, at, step)
    if (member === undefined) break
    at = member.value
    // What is empty has no place of its own.
    place = offsetOf(events[at]) ?? offsetOf(events[member.key]) ?? place
  }
  return lineAt(text, place)
}

/** The line of the first key of a map that is, or leads to, a list or a map; undefined where there is none. */
export function lineOfComplexKey(text: string): number | undefined {
  // Of each open list and map, how many values it has so far: those of a map are a key and its value by turns.
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

/** Where the member of a list or a map begins, by its index or key; undefined where there is none. */
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

/** The index behind a value with all that is within it. */
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
  // Of a block of text only the content has a place, a line behind the key.
  if (event.type === EVENT_ID.SCALAR) return isBlock(event) ? undefined : known(event.valueStart)
  if (event.type === EVENT_ID.ALIAS) return known(event.anchorStart)
  return 'start' in event ? known(event.start) : undefined
}

function isBlock({ style }: ScalarEvent): boolean {
  return style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK
}

/** js-yaml has -1 for what is not there. */
function known(offset: number): number | undefined {
  return offset === -1 ? undefined : offset
}
