import { ConfigError } from '../config/faults.ts'
import type { Gateway } from '../gateway.ts'
import { BackendError } from '../jobs/job-backend.ts'
import { TrailHeldError } from '../record/trail/hold-trail.ts'
import { DecompressionError } from '../record/trail/lines-backward.ts'
import { readArguments, requiredOption } from './arguments.ts'
import { collectGarbage } from './collect-garbage.ts'
import { shareLookups } from './share-lookups.ts'
import { signalled } from './signalled.ts'

/** `start --config DIR` */
export function main(args: string[]): Promise<number> {
  const { values } = readArguments({ args, options: { config: { type: 'string' } } })
  return start(requiredOption(values.config, 'config'))
}

/**
 * Runs a gateway until SIGTERM or SIGINT, then drains it. SIGHUP reloads the configuration.
 * @returns the exit code: 0 after a drain, and after a signal during the start; 1 when the configuration cannot be used,
 *   or a file or address that it names is not available
 */
async function start(directory: string): Promise<number> {
  try {
    let hasBegun = false
    shareLookups()
    const stopSignal = signalled()
    // Nothing has been promised to anybody yet, and the start may have to wait, as for the audit trail.
    void stopSignal.then(() => hasBegun || process.exit(0))
    const building = build(directory)
    // Before anything else: without a listener, SIGHUP ends the process.
    process.on('SIGHUP', () => {
      building.then(
        (gateway) => gateway.reload(),
        () => undefined,
      )
    })
    const gateway = await building
    // Reading the configuration takes several times the memory that the gateway needs afterwards.
    await collectGarbage()
    // Before the first request can arrive.
    hasBegun = true
    const { url, adminUrl } = await gateway.start()
    process.stdout.write(`magegate listens on ${url}${adminUrl ? `, admin on ${adminUrl}` : ''}\n`)
    await stopSignal
    await gateway.stop()
    // Output that nobody reads must not keep the process alive.
    process.exit(0)
  } catch (error) {
    const isForeseen =
      error instanceof ConfigError ||
      error instanceof BackendError ||
      error instanceof TrailHeldError ||
      error instanceof DecompressionError
    if (!(isForeseen || isSystemError(error))) throw error
    process.stderr.write(`magegate does not start: ${error.message}\n`)
    // What was opened before the fault must not keep the process alive.
    process.exit(1)
  }
}

/** Loads the modules only now: that takes most of a second, and a signal that nobody listens to is lost, or ends the process. */
async function build(directory: string): Promise<Gateway> {
  const { loadConfig } = await import('../config.ts')
  const { buildGateway } = await import('../gateway.ts')
  const load = () => loadConfig(directory)
  return buildGateway(await load(), load)
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
