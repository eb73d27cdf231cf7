/** Named pieces of state that a generation takes over from the one before. */
export interface InheritedMap<Value> {
  /** The piece of this name, from the generation before if it had one. */
  readonly take: (name: string, make: () => Value) => Value
  /** What the next generation may take over. */
  readonly own: ReadonlyMap<string, Value>
}

/**
 * Starts from what the generation before has left.
 * @param isNeeded whether a piece may be asked for, at once or later: integrations are prepared when they are called; any
 *   other piece is forgotten
 */
export function inheritFrom<Value>(
  previous: ReadonlyMap<string, Value> = new Map(),
  isNeeded: (name: string) => boolean,
): InheritedMap<Value> {
  const own = new Map([...previous].filter(([name]) => isNeeded(name)))
  return {
    own,
    take: (name, make) => {
      const piece = own.get(name) ?? make()
      own.set(name, piece)
      return piece
    },
  }
}
