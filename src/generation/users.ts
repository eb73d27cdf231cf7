/** Counts the requests and jobs that still use a generation. */
export interface Users {
  readonly enter: () => void
  readonly leave: () => void
  /** Resolves when there are none left. To be called when no new ones can come. */
  readonly gone: () => Promise<void>
}

/** Starts at none. */
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
