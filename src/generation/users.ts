/** Counts who still needs something. */
export interface Users {
  readonly enter: () => void
  readonly leave: () => void
  /** Resolves when nobody needs it any more; to be called when nobody new can come to need it. */
  readonly gone: () => Promise<void>
}

/** Counts from nobody on. */
export function countUsers(): Users {
  let count = 0
  let onGone: (() => void) | undefined
  return {
    enter: () => {
      count += 1
    },
    leave: () => {
      count -= 1
      if (count === 0) onGone?.()
    },
    gone: () =>
      new Promise((resolve) => {
        if (count === 0) resolve()
        else onGone = resolve
      }),
  }
}
