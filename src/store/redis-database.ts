import type { Cluster, Redis } from 'ioredis'

/**
 * Closes a connection on which Redis has refused the database that the URL names, and connects again. Without this
 * ioredis would continue in database 0, which belongs to somebody else.
 */
export function leaveRefusedDatabase(redis: Redis | Cluster): void {
  redis.on('error', (error: Error & { command?: { name?: string } }) => {
    if (error.command?.name === 'select') redis.disconnect(true)
  })
}
