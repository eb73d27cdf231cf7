import { valueKey } from '../syntax/value-key.ts'

/**
 * JSONata's function `$distinct`: the elements of an array without those that equal an earlier one, whatever the order of
 * their members. JSONata's own compares each element with all others.
 */
export function distinct(values: unknown): unknown {
  if (!Array.isArray(values) || values.length <= 1) return values
  const seen = new Set<unknown>()
  const found = values.filter((value) => {
    const key = valueKey(value)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
  // What a path comes to is a sequence, and one of a single value stands for that value.
  return 'sequence' in values ? Object.assign(found, { sequence: true }) : found
}
