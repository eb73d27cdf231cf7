import dns, { type LookupAllOptions } from 'node:dns'

type Found = (...result: unknown[]) => void
/** The form in which `node:net` asks. */
type Lookup = (name: string, options: LookupAllOptions, found?: Found) => void

/**
 * Has all connections of the process that ask for the addresses of a name at the same time share one lookup, but for those
 * to Magento. Each takes a thread of Node for as long as the DNS servers of its name do not answer, 10 seconds or more,
 * even if the connection has been given up, and there are two for all lookups (libuv: src/threadpool.c,
 * slow_work_thread_threshold). The client of Redis gives up after a second and tries again, so it would soon hold both, and
 * Magento's name would not be looked up. It can be given a lookup of its own only for connections over TLS.
 */
export function shareLookups(): void {
  dns.lookup = shared(dns.lookup as Lookup) as typeof dns.lookup
}

function shared(ask: Lookup): Lookup {
  const asked = new Map<string, Found[]>()
  return (name, options, found) => {
    // In another form, the options may be left out.
    if (found === undefined) {
      ask(name, options)
      return
    }
    const key = JSON.stringify([name, options])
    const others = asked.get(key)
    if (others !== undefined) {
      others.push(found)
      return
    }
    const all = [found]
    ask(name, options, (...result) => {
      asked.delete(key)
      for (const each of all) each(...result)
    })
    asked.set(key, all)
  }
}
