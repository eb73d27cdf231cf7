import { limitOf, readArguments, requiredOption } from '../arguments.ts'
import { print, withJobs } from './with-jobs.ts'

const options = {
  config: { type: 'string' },
  limit: { type: 'string' },
  callbacks: { type: 'boolean' },
} as const

/**
 * `jobs dead --config DIR [--limit N] [--callbacks]`: lists jobs or call-backs that will not be tried again without an
 * operator, those that have been dead longest first.
 */
export function main(args: string[]): Promise<number> {
  const { values } = readArguments({ args, options })
  const limit = limitOf(values.limit, 50)
  return withJobs(requiredOption(values.config, 'config'), async ({ backend }) => {
    const queue = values.callbacks ? backend.callbacks : backend.jobs
    for (const { id, owner, diedAtMs, attempts, reason } of await queue.listDead({ limit })) {
      print([new Date(diedAtMs).toISOString(), id, `${attempts}x`, owner, reason].join('  '))
    }
    return 0
  })
}
