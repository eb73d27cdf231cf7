/** Has only so many actions under way at once; the others wait, in the order in which they came. */
export function atMost(count: number) {
  const waiting: (() => void)[] = []
  let free = count
  return async <Result>(act: () => Promise<Result>): Promise<Result> => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await act()
    } finally {
      const next = waiting.shift()
      // It takes over the place.
      if (next === undefined) free += 1
      else next()
    }
  }
}
