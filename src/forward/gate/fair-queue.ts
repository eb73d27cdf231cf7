/** The waiting items of one integration, and what it has been charged. */
export interface QueueLine<Item> {
  /** Its share in relation to the weights of the other lines; above 0. */
  weight: number
  /** What it is charged for the next item taken from it; above 0. */
  cost: number
  /** Its items in the order in which they came. Only the queue changes it. */
  readonly waiting: Item[]
  /** Virtual time at which its first item is due. Only the queue changes it. */
  start: number
  /** Virtual time up to which the items taken from it have been charged. Only the queue changes it. */
  finish: number
}

/** A bounded queue that serves several lines fairly. */
export interface FairQueue<Item> {
  readonly size: () => number
  /**
   * Adds an item at the end of its line.
   * @returns the item that had to leave because the queue is full: the last one of the line that is longest in
   *   relation to its weight, which may be the new item itself. If the new item's line is as long as the longest
   *   one, it is the new item.
   */
  readonly push: (line: QueueLine<Item>, item: Item) => Item | undefined
  /** Takes the item whose turn it is. */
  readonly shift: () => Item | undefined
  /** Removes an item from its line; false if it is not there. */
  readonly remove: (line: QueueLine<Item>, item: Item) => boolean
}

/** Makes an empty line. */
export function newLine<Item>(weight: number, cost: number): QueueLine<Item> {
  return { weight, cost, waiting: [], start: 0, finish: 0 }
}

/**
 * Makes a queue that serves its lines by start-time fair queueing (Goyal, Vin, Cheng: Start-time Fair Queueing,
 * SIGCOMM 1996). The next item comes from the line whose first item is due first, in a virtual time that advances by
 * cost divided by weight. In any period in which two lines both have items, what is taken from each, charged and
 * divided by its weight, differs by one item of each at most. A line that was empty joins at the present virtual time,
 * or when what was taken from it last has been charged if that is later: it gains nothing by having been empty.
 * @param limit most items that may wait
 */
export function openFairQueue<Item>(limit: () => number): FairQueue<Item> {
  // The lines that are not empty. Of several that are due at the same time, the one that was added first is served first.
  const lines = new Set<QueueLine<Item>>()
  let size = 0
  let virtualTime = 0

  function take(line: QueueLine<Item>, index: number): Item {
    const [item] = line.waiting.splice(index, 1)
    size -= 1
    if (line.waiting.length === 0) lines.delete(line)
    return item as Item
  }

  return {
    size: () => size,
    push: (line, item) => {
      if (line.waiting.length === 0) {
        line.start = Math.max(virtualTime, line.finish)
        lines.add(line)
      }
      line.waiting.push(item)
      size += 1
      if (size <= limit()) return undefined
      const longest = highest(lines, lengthOf) ?? line
      const shortened = lengthOf(longest) > lengthOf(line) ? longest : line
      return take(shortened, shortened.waiting.length - 1)
    },
    shift: () => {
      const due = highest(lines, (line) => -line.start)
      if (due === undefined) return undefined
      virtualTime = due.start
      due.finish = due.start + due.cost / due.weight
      due.start = due.finish
      return take(due, 0)
    },
    remove: (line, item) => {
      const index = line.waiting.indexOf(item)
      if (index === -1) return false
      take(line, index)
      return true
    },
  }
}

function lengthOf({ waiting, weight }: QueueLine<unknown>): number {
  return waiting.length / weight
}

/** The line with the highest figure; the first one if there are several. */
function highest<Line>(
  lines: ReadonlySet<Line>,
  figureOf: (line: Line) => number,
): Line | undefined {
  let found: Line | undefined
  let most = Number.NEGATIVE_INFINITY
  for (const line of lines) {
    const figure = figureOf(line)
    if (figure <= most) continue
    found = line
    most = figure
  }
  return found
}
