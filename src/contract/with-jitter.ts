/**
 * What a caller is told to wait, in whole seconds: at least 1, and a random few more than it has to, so that callers do not
 * all come back at once.
 * @param seconds how long it has to wait
 * @param random at least 0 and below 1
 */
export function withJitter(seconds: number, random: () => number): number {
  const least = Math.max(1, Math.ceil(seconds))
  return least + Math.floor(random() * Math.min(30, Math.max(2, least / 10)))
}
