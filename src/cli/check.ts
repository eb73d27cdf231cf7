import { routesOf } from '../authorize/granted-route.ts'
import { describeRateLimit } from '../authorize/limits/describe-limits.ts'
import type { SwaggerDocument } from '../authorize/magento-contract/swagger.ts'
import { ConfigError, formatFault } from '../config/faults.ts'
import { magentoSchemaFile } from '../config/magento-schema-file.ts'
import { loadConfig } from '../config.ts'
import { parseRoutePattern, unnamedRoute } from '../contract/route-pattern.ts'
import { endpoints as builtIn } from '../endpoints/endpoints.ts'
import { readArguments, requiredOption } from './arguments.ts'
import { operationFinder } from './magento/operation-finder.ts'

/** `check --config DIR` */
export function main(args: string[]): Promise<number> {
  const { values } = readArguments({ args, options: { config: { type: 'string' } } })
  return check(requiredOption(values.config, 'config'))
}

/**
 * Reads a configuration and reports every fault on standard error. If there is none, it prints the effective limits of
 * each integration, including those of its class, and notes on routes that the schema of the shop does not have or
 * that guests may call.
 * @returns the exit code: 0 if the configuration can be used, otherwise 1
 */
async function check(directory: string): Promise<number> {
  try {
    const { integrations, endpoints, magentoSchema } = await loadConfig(directory)
    process.stdout.write(`${directory}: ok, ${integrations.length} integration(s)\n`)
    if (magentoSchema !== undefined && magentoSchema['x-anonymous'] === undefined) {
      process.stdout.write(
        `${magentoSchemaFile} does not say which routes guests may call; magento pull asks for that\n`,
      )
    }
    const own = [...builtIn.flatMap(({ routes }) => routes), ...endpoints.map(({ route }) => route)]
    const answeredHere = new Set(own.map(unnamedRoute))
    const notesOn = routeNotes(magentoSchema)
    for (const { name, policies, reportOnly } of integrations) {
      process.stdout.write(`${name}: ${describeRateLimit(name, policies.rateLimit)}\n`)
      if (reportOnly !== undefined) {
        const which = reportOnly === true ? 'every policy that can be' : reportOnly.join(', ')
        process.stdout.write(`${name}: only reported, not refused: ${which}\n`)
      }
      const forwarded = routesOf(policies.routes).filter(
        (route) => policies.endpoints === 'forward' || !answeredHere.has(unnamedRoute(route)),
      )
      for (const line of notesOn(forwarded)) {
        process.stdout.write(`${name}: ${line}\n`)
      }
    }
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const fault of error.faults) process.stderr.write(`${formatFault(fault)}\n`)
    process.stderr.write(`${error.faults.length} fault(s)\n`)
    return 1
  }
}

/** Notes on granted routes according to the schema of the shop; none if the schema has not been fetched. */
function routeNotes(
  document: SwaggerDocument | undefined,
): (routes: readonly string[]) => string[] {
  if (document === undefined) return () => []
  const find = operationFinder(document)
  const anonymous = new Set(document['x-anonymous'])
  return (routes) =>
    routes.flatMap((route) => {
      // Tags can stand for such routes.
      if (parseRoutePattern(route) === undefined)
        return [`${route} is not passed on, since it is not below /V1`]
      const operation = find(route)
      if (operation === undefined) return [`${route} is not in the schema of the shop`]
      return anonymous.has(operation) ? [`${route} may be called by guests in Magento`] : []
    })
}
