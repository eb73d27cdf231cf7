/** A source of numbers below a bound, the same ones for the same seed. */
export type Random = (below: number) => number

/** How many inputs a fuzz test tries: few in the suite, FUZZ_RUNS of them by hand. */
export function fuzzRuns(inSuite: number): number {
  const asked = Number(process.env.FUZZ_RUNS ?? inSuite)
  if (!Number.isInteger(asked) || asked < 1) throw new Error('FUZZ_RUNS is not a number from 1 on')
  return asked
}

/** The seed of fuzz tests: one that stays, or FUZZ_SEED. */
export const fuzzSeed = Number(process.env.FUZZ_SEED ?? 20_260_101)

/** Mulberry32, by Tommy Ettinger, in the public domain: quick, and even enough for this. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One of some values. */
export function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random(values.length)] as Value
}

/** Changes text in up to three places: cuts, doubles, swaps or puts in a piece. */
export function mutate(random: Random, text: string, pieces: readonly string[]): string {
  let result = text
  for (let left = 1 + random(3); left > 0; left -= 1) {
    const from = random(result.length + 1)
    const to = Math.min(result.length, from + random(8))
    const [before, middle, after] = [
      result.slice(0, from),
      result.slice(from, to),
      result.slice(to),
    ]
    const kind = random(4)
    if (kind === 0) result = before + after
    else if (kind === 1) result = before + middle + middle + after
    else if (kind === 2) result = before + pick(random, pieces) + after
    else result = before + pick(random, pieces) + middle + after
  }
  return result
}
