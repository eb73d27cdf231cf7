/** So many at once keep the disk busy. */
const atOnce = 64

/**
 * Does the same for each of a list, some at a time, and gives the results in its order: of ten thousand files
 * only what came of them is in memory at the end, and never all that is made on the way.
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
