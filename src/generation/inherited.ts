/** Named pieces of state that a generation takes over from the one before. */
export interface Inherited<Value> {
  /** The piece of this name, from the generation before if it had one. */
  readonly take: (name: string, make: () => Value) => Value
  /** The pieces taken so far, which the next generation may take over. What nobody takes is forgotten. */
  readonly own: ReadonlyMap<string, Value>
}

/** Starts from what the generation before has taken. */
export function inheritFrom<Value>(
  previous: ReadonlyMap<string, Value> = new Map(),
): Inherited<Value> {
  const own = new Map<string, Value>()
  return {
    own,
    take: (name, make) => {
      const piece = own.get(name) ?? previous.get(name) ?? make()
      own.set(name, piece)
      return piece
    },
  }
}
