/**
 * Keeps an action from being done twice at a time: whoever asks for it while it is under way gets the same result. Where it
 * hangs, as on a disk or a broker, it does not pile up.
 */
export function oneAtATime<Result>(act: () => Promise<Result>): () => Promise<Result> {
  let underWay: Promise<Result> | undefined
  return () => {
    underWay ??= act().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}
