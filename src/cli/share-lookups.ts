import dns from 'node:dns'
import { type Lookup, sharedLookup } from '../contract/shared-lookup.ts'

/**
 * Has all connections of the process that ask for the addresses of a name at the same time share one lookup, but for those
 * to Magento, which have two, and gives lookups more threads. The client of Redis gives up after a second and tries again,
 * so without this a name whose DNS servers do not answer would soon hold all threads, and no other one would be looked up.
 * The client can be given a lookup of its own only for connections over TLS.
 */
export function shareLookups(): void {
  dns.lookup = sharedLookup(dns.lookup as Lookup, 1) as typeof dns.lookup
  // Half of them are for lookups (libuv: src/threadpool.c, slow_work_thread_threshold): of the 4 that libuv has otherwise,
  // two names would hold all. It reads this when it first needs a thread, which is later.
  process.env.UV_THREADPOOL_SIZE ??= '16'
}
