import type { RedisGuard } from './redis-guard.ts'

/** How much is kept, and what each of it counts. */
interface Bound<Item> {
  readonly most: number
  readonly sizeOf: (item: Item) => number
}

/**
 * Keeps what Redis could not be told, and has it told in the same order when Redis is back.
 * @returns keeps one more, if there is room for it
 */
export function whenBack<Item>(
  guard: Pick<RedisGuard, 'onBack'>,
  tell: (item: Item) => void,
  { most, sizeOf }: Bound<Item>,
): (item: Item) => void {
  let kept: Item[] = []
  let size = 0
  guard.onBack(() => {
    const due = kept
    kept = []
    size = 0
    for (const item of due) tell(item)
  })
  return (item) => {
    const own = sizeOf(item)
    if (size + own > most) return
    kept.push(item)
    size += own
  }
}
