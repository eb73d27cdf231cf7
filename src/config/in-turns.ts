/**
 * Enough at a time that the next ones are being read meanwhile. Those of one turn of the event loop are worked on in a
 * row, and one takes up to a millisecond, for which requests wait during a reload.
 */
const atOnce = 16

/**
 * Maps a list asynchronously, only some items at a time, and returns the results in order. This way the intermediate
 * data of, say, ten thousand files is never in memory all at once.
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.all(items.slice(from, from + atOnce).map(act))))
  }
  return results
}
