import { unnamedRoute } from '../contract/route-pattern.ts'
import { type Fault, faultAt, inFile } from './faults.ts'
import type { LoadedFile } from './load-file.ts'

/** Checks that no two files have the same route, whatever their variables are called: only one could answer. */
export function checkEndpointRoutes(
  files: readonly LoadedFile<{ readonly route: string }>[],
): Fault[] {
  const taken = new Map<string, string>()
  return files.flatMap((each) => {
    if (each.sound === undefined) return []
    const route = unnamedRoute(each.sound.route)
    const other = taken.get(route)
    taken.set(route, other ?? each.file)
    return inFile(each, faultAt('/route', other && `a route that is not in ${other} too`))
  })
}
