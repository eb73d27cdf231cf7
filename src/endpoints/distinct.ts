/**
 * JSONata's function `$distinct`: the elements of an array without those that equal an earlier one, whatever the order of
 * their members. JSONata's own compares each element with all others.
 */
export function distinct(values: unknown): unknown {
  if (!Array.isArray(values) || values.length <= 1) return values
  const seen = new Set<unknown>()
  const found = values.filter((value) => {
    const key = keyOf(value)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
  // What a path comes to is a sequence, and one of a single value stands for that value.
  return 'sequence' in values ? Object.assign(found, { sequence: true }) : found
}

/** Equal for equal values only; texts of strings and objects begin differently. */
function keyOf(value: unknown): unknown {
  if (typeof value === 'string') return `"${value}`
  return typeof value === 'object' && value !== null ? JSON.stringify(value, sortMembers) : value
}

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const members = Object.entries(value)
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)))
}
