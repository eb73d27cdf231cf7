/** Adds to the total of a name, which is forgotten when it is 0 again; gives the new total. */
export function addTo(totals: Map<string, number>, name: string, more: number): number {
  const total = (totals.get(name) ?? 0) + more
  if (total === 0) totals.delete(name)
  else totals.set(name, total)
  return total
}
