/** Those of one integration that wait, and what it has had. */
export interface QueueLine<Item> {
  /** Its share of what there is, in proportion to the weights of the others; above 0. */
  weight: number
  /** What it is charged for the next item that is taken from it; above 0. */
  cost: number
  /** In the order in which they came. Only the queue changes it. */
  readonly waiting: Item[]
  /** Virtual time at which its first item is due. Only the queue changes it. */
  start: number
  /** Virtual time at which what was taken from it is paid for. Only the queue changes it. */
  finish: number
}

/** A bounded queue that serves several lines fairly. */
export interface FairQueue<Item> {
  readonly size: () => number
  /**
   * Puts an item at the end of its line.
   * @returns the item that had to go for it where the queue is full: the last of the line that is longest for
   * its weight, which may be this very item
   */
  readonly push: (line: QueueLine<Item>, item: Item) => Item | undefined
  /** Takes the item whose turn it is. */
  readonly shift: () => Item | undefined
  /** Takes an item out of its place; false where it is not there. */
  readonly remove: (line: QueueLine<Item>, item: Item) => boolean
}

/** Makes an empty line. */
export function newLine<Item>(weight: number, cost: number): QueueLine<Item> {
  return { weight, cost, waiting: [], start: 0, finish: 0 }
}

/**
 * Makes a queue that takes from its lines by start-time fair queueing (Goyal, Vin, Cheng: Start-time Fair
 * Queueing, SIGCOMM 1996): the line whose first item is due first in a virtual time that runs by cost
 * divided by weight. Of two lines that both wait, what they were charged for, each divided by its weight,
 * never differs by more than one item of each. A line that comes anew is due at once and gets nothing for
 * the time in which it did not wait.
 * @param limit most items that wait
 */
export function openFairQueue<Item>(limit: () => number): FairQueue<Item> {
  // Lines in which somebody waits; those that came first before others that are due at the same time.
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

/** The line of which the figure is highest, the first of equal ones. */
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
