import { setTimeout as delay } from 'node:timers/promises'

/** Waits until all have settled, but no longer than a time; none of them may reject. */
export async function waitForAll(
  running: Iterable<Promise<void>>,
  atMostMs: number,
): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([
    Promise.all(running),
    delay(atMostMs, undefined, { signal: timeout.signal }).catch(() => undefined),
  ])
  timeout.abort()
}
