import { foldName } from '../../contract/folded-names.ts'
import type { Violation } from '../../problem.ts'
import type { QueryParameter } from '../query-parameters.ts'
import { findViolations, type ValueCheck } from './findings.ts'
import type { SchemaCompiler } from './schema-compiler.ts'
import type { SwaggerParameter } from './swagger.ts'

/** Checks the parameters of a query against those of an operation. */
export type QueryCheck = (query: readonly QueryParameter[]) => readonly Violation[]

/**
 * Compiles the check of an operation's query parameters. Names are compared in folded form, and one number in brackets
 * is as good as another, since the document mentions only the first element of a list. Every operation accepts
 * `fields` (Magento: Framework/Webapi/Rest/Response/FieldsFilter.php).
 */
export function compileQuery(
  parameters: readonly SwaggerParameter[],
  { compile }: SchemaCompiler,
): QueryCheck {
  const checks = new Map<string, ValueCheck>([['fields', compile({ type: 'string' })]])
  const wholes = new Set<string>()
  for (const { name, type, items } of parameters) {
    const path = name.replace(/\]/g, '').split('[').map(foldStep)
    // A name with brackets is a member of an object, and the name alone (`searchCriteria=`) is the empty object.
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
      // Repeating the name gives nothing away: it is a name of the schema, if perhaps in the caller's spelling.
      return findViolations(value, check).map(({ expected }) => ({
        pointer: '',
        expected: `${expected} in the query parameter ${name.replace(/\[([^[]*)/g, '[$1]')}`,
      }))
    })
}

function foldStep(step: string): string {
  return /^\d*$/.test(step) ? '#' : foldName(step)
}
