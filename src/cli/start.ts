import { parseArgs } from 'node:util'
import { collectGarbage } from '../config/collect-garbage.ts'
import { ConfigError } from '../config/faults.ts'
import { loadConfig } from '../config.ts'
import { buildGateway } from '../gateway.ts'
import { JobFileError } from '../jobs/sqlite/job-file.ts'
import { requiredOption } from './arguments.ts'
import { signalled } from './signalled.ts'

/** `start --config DIR` */
export function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: 'string' } } })
  return start(requiredOption(values.config, 'config'))
}

/**
 * Runs a gateway until SIGTERM or SIGINT, then drains it. At SIGHUP it takes the configuration anew.
 * @returns the exit code: 0 after a drain; 1 when the configuration cannot be used, or a file or an
 *   address that it names cannot be had
 */
async function start(directory: string): Promise<number> {
  try {
    const load = () => loadConfig(directory)
    const building = load().then((config) => buildGateway(config, load))
    // From the beginning, since a SIGHUP that nobody waits for ends the process.
    process.on('SIGHUP', () => {
      building.then(
        (gateway) => gateway.reload(),
        () => undefined,
      )
    })
    const gateway = await building
    // Reading the configuration takes several times the memory that is needed afterwards.
    await collectGarbage()
    // From before the first request can come.
    const isToEnd = signalled()
    const { url, adminUrl } = await gateway.start()
    process.stdout.write(`magegate listens on ${url}${adminUrl ? `, admin on ${adminUrl}` : ''}\n`)
    await isToEnd
    await gateway.stop()
    // What nobody reads from standard output must not keep the process alive.
    process.exit(0)
  } catch (error) {
    const isOfOperator = error instanceof ConfigError || error instanceof JobFileError
    if (!(isOfOperator || isSystemError(error))) throw error
    process.stderr.write(`magegate does not start: ${error.message}\n`)
    // What had been opened before the fault must not keep the process alive.
    process.exit(1)
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
