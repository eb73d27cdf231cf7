import { parseArgs } from 'node:util'
import { ConfigError, formatFault } from '../config/faults.ts'
import { loadConfig } from '../config.ts'
import { requiredOption } from './arguments.ts'

/** `check --config DIR` */
export function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: 'string' } } })
  return check(requiredOption(values.config, 'config'))
}

/**
 * Reads a configuration and reports every fault on standard error.
 * @returns the exit code: 0 when it can be used, 1 when not
 */
async function check(directory: string): Promise<number> {
  try {
    const { integrations } = await loadConfig(directory)
    process.stdout.write(`${directory}: ok, ${integrations.length} integration(s)\n`)
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const fault of error.faults) process.stderr.write(`${formatFault(fault)}\n`)
    process.stderr.write(`${error.faults.length} fault(s)\n`)
    return 1
  }
}
