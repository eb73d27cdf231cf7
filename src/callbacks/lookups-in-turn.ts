import type { Resolve } from './destination.ts'

/**
 * Makes lookups wait for each other, those of the same name for a single one. A lookup by the system takes a thread of
 * Node for as long as the DNS servers of the name do not answer, even if nobody waits for it any more, and there are two
 * for all lookups of the process (libuv: src/threadpool.c, slow_work_thread_threshold). So one remains for Magento's
 * name.
 */
export function lookupsInTurn(ask: Resolve): Resolve {
  const asked = new Map<string, Promise<readonly string[]>>()
  let last: Promise<unknown> = Promise.resolve()
  return (hostname) => {
    const known = asked.get(hostname)
    if (known !== undefined) return known
    const found = last.then(() => ask(hostname))
    const forget = () => asked.delete(hostname)
    asked.set(hostname, found)
    last = found.then(forget, forget)
    return found
  }
}
