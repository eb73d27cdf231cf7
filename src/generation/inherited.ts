/** Pieces of state that one generation of the configuration takes over from the one before. */
export interface Inherited<Value> {
  /** The piece of this name, of the generation before if it had one. */
  readonly take: (name: string, make: () => Value) => Value
  /** What has been taken: what the next generation may take over. What nobody takes is forgotten. */
  readonly own: ReadonlyMap<string, Value>
}

/** Begins with what the generation before had. */
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
