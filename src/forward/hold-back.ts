/** Keeps each piece of an answer back until the next one arrives, since the last one has to wait. */
export interface HeldBack {
  /** Takes a piece; gives the one before it, which is empty at first. */
  readonly next: (piece: Buffer) => Buffer
  readonly last: () => Buffer | undefined
}

/** Begins an answer whose last piece is kept back. */
export function holdBack(): HeldBack {
  let last: Buffer | undefined
  return {
    next: (piece) => {
      const before = last ?? Buffer.alloc(0)
      last = piece
      return before
    },
    last: () => last,
  }
}
