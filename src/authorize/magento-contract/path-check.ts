import type { Violation } from '../../problem.ts'
import { variableOf } from '../route-pattern.ts'
import { findViolations, type ValueCheck } from './findings.ts'
import type { SchemaCompiler } from './schema-compiler.ts'
import type { SwaggerParameter } from './swagger.ts'

/** Holds raw segments from `V1` on against the types of the variables of an operation. */
export type PathCheck = (segments: readonly string[]) => readonly Violation[]

/**
 * Compiles the path variables of an operation.
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
      // Any segment is a text.
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
