import { parseArgs } from 'node:util'
import { requiredOption } from '../arguments.ts'
import { limitOf, print, withJobs } from './with-jobs.ts'

const options = { config: { type: 'string' }, limit: { type: 'string' } } as const

/** `jobs dead --config DIR [--limit N]`: jobs that nobody will send by itself, the longest dead first. */
export function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options })
  const limit = limitOf(values.limit, 50)
  return withJobs(requiredOption(values.config, 'config'), async ({ backend: { jobs } }) => {
    for (const { id, owner, diedAtMs, attempts, reason } of await jobs.listDead({ limit })) {
      print([new Date(diedAtMs).toISOString(), id, `${attempts}x`, owner, reason].join('  '))
    }
    return 0
  })
}
