import { variableOf } from '../../contract/route-pattern.ts'
import type { Violation } from '../../problem.ts'
import { findViolations, type ValueCheck } from './findings.ts'
import type { SchemaCompiler } from './schema-compiler.ts'
import type { SwaggerParameter } from './swagger.ts'

/** Checks the raw segments of a path, starting with `V1`, against the types of an operation's variables. */
export type PathCheck = (segments: readonly string[]) => readonly Violation[]

/**
 * Compiles the check of an operation's path variables.
 * @param route `GET /V1/orders/:id`
 */
export function compilePath(
  route: string,
  parameters: readonly SwaggerParameter[],
  { compile }: SchemaCompiler,
): PathCheck {
  const types = new Map(
    parameters.flatMap(({ in: place, name, type }) =>
      place === 'path' && type !== undefined ? [[name, type]] : [],
    ),
  )
  const [, path = ''] = route.split(' ')
  const variables = path
    .split('/')
    .slice(1)
    .flatMap((segment, index): { index: number; name: string; check: ValueCheck }[] => {
      const name = variableOf(segment)
      const type = name === undefined ? undefined : types.get(name)
      // Every segment is a valid string, so there is nothing to check.
      if (name === undefined || type === undefined || type === 'string') return []
      return [{ index, name, check: compile({ type }) }]
    })
  return (segments) =>
    variables.flatMap(({ index, name, check }) =>
      findViolations(decodeURIComponent(segments[index] ?? ''), check).map(({ expected }) => ({
        pointer: '',
        expected: `${expected} in the path for :${name}`,
      })),
    )
}
