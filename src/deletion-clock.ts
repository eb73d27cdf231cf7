import { performance } from 'node:perf_hooks'

/** For how long a clock that was set forward is doubted, milliseconds. */
const doubtedMs = 3_600_000

/**
 * The time by which something is old enough to be deleted, since that cannot be undone: a clock that was set forward
 * counts only once it has stayed so for an hour or two, or from one call to the next if they are further apart. One that
 * was set back counts at once.
 * @returns milliseconds since the epoch
 */
export function deletionClock(): () => number {
  let sinceMs = performance.now()
  // By how much the clock is ahead of the monotonic one: the least before and since, milliseconds.
  let before = Date.now() - sinceMs
  let since = before
  return () => {
    const nowMs = performance.now()
    const ahead = Date.now() - nowMs
    if (nowMs - sinceMs >= doubtedMs) {
      before = since
      since = ahead
      sinceMs = nowMs
    }
    since = Math.min(since, ahead)
    return nowMs + Math.min(before, since)
  }
}
