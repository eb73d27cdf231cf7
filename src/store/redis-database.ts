import type { Cluster, Redis } from 'ioredis'

/**
 * Leaves a connection on which Redis has refused the database of the address, and tries again: ioredis would go
 * on in database 0, whose keys are another's.
 */
export function leaveRefusedDatabase(redis: Redis | Cluster): void {
  redis.on('error', (error: Error & { command?: { name?: string } }) => {
    if (error.command?.name === 'select') redis.disconnect(true)
  })
}
