/** Most parts that a client is supposed to have got wrong at once. */
export const mostChanges = 3

/** One way in which a client may have made a part of what it signed. */
export interface Variant<Value> {
  readonly value: Value
  /** What the client did, in words; absent where it did what the gateway does. */
  readonly cause?: string
}

/** The variants of a part, without those that come to the same as an earlier one. */
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

/** One choice of a variant for every part, in the order of the parts. */
export interface Combination<Parts> {
  readonly parts: Parts
  readonly causes: readonly string[]
}

/**
 * All combinations in which at most so many parts are not as the gateway takes them, those with the
 * fewest first.
 */
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
