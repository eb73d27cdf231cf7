import type { Violation } from '../../problem.ts'
import { foldName } from '../folded-names.ts'
import type { QueryParameter } from '../query-parameters.ts'
import { findViolations, type ValueCheck } from './findings.ts'
import type { SchemaCompiler } from './schema-compiler.ts'
import type { SwaggerParameter } from './swagger.ts'

/** Holds the parameters of a query against those that an operation has. */
export type QueryCheck = (query: readonly QueryParameter[]) => readonly Violation[]

/**
 * Compiles the query parameters of an operation. Names are compared as Magento folds them, and numbers in
 * brackets are alike: the document tells of the first element of a list only. `fields` is taken by
 * every operation (Magento: Framework/Webapi/Rest/Response/FieldsFilter.php).
 */
export function compileQuery(
  parameters: readonly SwaggerParameter[],
  { compile }: SchemaCompiler,
): QueryCheck {
  const checks = new Map<string, ValueCheck>([['fields', compile({ type: 'string' })]])
  const wholes = new Set<string>()
  for (const { name, type, items } of parameters) {
    const path = name.replace(/\]/g, '').split('[').map(foldStep)
    // What is in brackets belongs to an object, which may also be given as nothing at all.
    if (path.length > 1) wholes.add(path[0] ?? '')
    const element = compile(
      type === 'array' ? (items ?? {}) : { ...(type !== undefined && { type }) },
    )
    checks.set(path.join('['), element)
    if (type === 'array') checks.set(`${path.join('[')}[#`, element)
  }
  return (query) =>
    query.flatMap(({ path, value }): readonly Violation[] => {
      const name = path.map(foldStep).join('[')
      if (path.length === 1 && wholes.has(name)) return []
      const check = checks.get(name)
      if (check === undefined)
        return [{ pointer: '', expected: 'no query parameters but those of the schema' }]
      // The name is one of the schema, in a spelling of the caller.
      return findViolations(value, check).map(({ expected }) => ({
        pointer: '',
        expected: `${expected} in the query parameter ${name.replace(/\[([^[]*)/g, '[$1]')}`,
      }))
    })
}

function foldStep(step: string): string {
  return /^\d*$/.test(step) ? '#' : foldName(step)
}
