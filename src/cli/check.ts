import { parseArgs } from 'node:util'
import { describeRateLimit } from '../authorize/limits/describe-limits.ts'
import { ConfigError, formatFault } from '../config/faults.ts'
import { loadConfig } from '../config.ts'
import { requiredOption } from './arguments.ts'

/** `check --config DIR` */
export function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: 'string' } } })
  return check(requiredOption(values.config, 'config'))
}

/**
 * Reads a configuration and reports every fault on standard error; of one that can be used, the limits
 * of each integration as they hold, classes filled in, on standard output.
 * @returns the exit code: 0 when it can be used, 1 when not
 */
async function check(directory: string): Promise<number> {
  try {
    const { integrations } = await loadConfig(directory)
    process.stdout.write(`${directory}: ok, ${integrations.length} integration(s)\n`)
    for (const { name, policies } of integrations) {
      process.stdout.write(`${name}: ${describeRateLimit(name, policies.rateLimit)}\n`)
    }
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const fault of error.faults) process.stderr.write(`${formatFault(fault)}\n`)
    process.stderr.write(`${error.faults.length} fault(s)\n`)
    return 1
  }
}
