import { unnamedRoute } from '../authorize/route-pattern.ts'
import type { Fault, ReadSettings } from './faults.ts'

/** Checks that no two files have the same route, whatever their variables are called: only one could answer. */
export function checkEndpointRoutes(
  files: readonly ReadSettings<{ readonly route: string }>[],
): Fault[] {
  const pointer = '/route'
  const taken = new Map<string, string>()
  return files.flatMap(({ file, lineOf, settings }) => {
    if (settings === undefined) return []
    const route = unnamedRoute(settings.route)
    const other = taken.get(route)
    taken.set(route, other ?? file)
    const expected = `a route that ${other} has not too`
    return other === undefined ? [] : [{ file, pointer, line: lineOf(pointer), expected }]
  })
}
