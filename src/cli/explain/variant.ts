/** How many parts a client is assumed to have got wrong at once, at most. */
export const mostChanges = 3

/** One way in which a client may have made a part of what it signed. */
export interface Variant<Value> {
  readonly value: Value
  /** Describes what the client did; absent if it did the same as the gateway. */
  readonly cause?: string
}

/** The variants of a part, without those whose value equals an earlier one. */
export function distinctVariants<Value extends string | Buffer>(
  own: Value,
  others: readonly (readonly [value: Value | undefined, cause: string])[],
): Variant<Value>[] {
  const seen = new Set([own.toString('latin1')])
  const variants: Variant<Value>[] = [{ value: own }]
  for (const [value, cause] of others) {
    if (value === undefined || seen.has(value.toString('latin1'))) continue
    seen.add(value.toString('latin1'))
    variants.push({ value, cause })
  }
  return variants
}

/** One variant for each part, in the order of the parts. */
export interface Combination<Parts> {
  readonly parts: Parts
  readonly causes: readonly string[]
}

/** All combinations in which a limited number of parts differ from the gateway's, those with the fewest first. */
export function combinations<Parts extends object>(
  variants: { readonly [Name in keyof Parts]: readonly Variant<Parts[Name]>[] },
  mostChanges: number,
): Combination<Parts>[] {
  let found: Combination<object>[] = [{ parts: {}, causes: [] }]
  for (const [name, choices] of Object.entries<readonly Variant<unknown>[]>(variants)) {
    found = found.flatMap(({ parts, causes }) =>
      choices
        .filter(({ cause }) => cause === undefined || causes.length < mostChanges)
        .map(({ value, cause }) => ({
          parts: { ...parts, [name]: value },
          causes: cause === undefined ? causes : [...causes, cause],
        })),
    )
  }
  return (found as Combination<Parts>[]).sort(
    (one, other) => one.causes.length - other.causes.length,
  )
}
