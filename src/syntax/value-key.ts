/**
 * A key for a value that JSON can have: equal for equal values only, whatever the order of their members. Comparing keys
 * finds equal ones among many values without holding each against all others.
 */
export function valueKey(value: unknown): unknown {
  // Texts of strings and of objects begin differently.
  if (typeof value === 'string') return `"${value}`
  return typeof value === 'object' && value !== null ? JSON.stringify(value, sortMembers) : value
}

/** A replacer for `JSON.stringify` that sorts the members of objects. */
export function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const members = Object.entries(value)
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)))
}
