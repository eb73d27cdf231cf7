import type { LookupAllOptions } from 'node:dns'

type Found = (...result: unknown[]) => void

/** The form in which `node:net` asks for the addresses of a name. */
export type Lookup = (name: string, options: LookupAllOptions, found?: Found) => void

/**
 * Has those who ask for the addresses of a name share lookups: while as many lookups of it as `most` are under way, whoever
 * asks waits for the last of them. A lookup takes a thread of Node for as long as the DNS servers of its name do not
 * answer, 10 seconds or more, even if the connection has been given up.
 */
export function sharedLookup(ask: Lookup, most: number): Lookup {
  /** Those who wait, for each lookup that is under way. */
  const asked = new Map<string, Set<Found[]>>()
  return (name, options, found) => {
    // In another form, the options may be left out.
    if (found === undefined) {
      ask(name, options)
      return
    }
    const key = JSON.stringify([name, options])
    const lookups = asked.get(key) ?? new Set()
    if (lookups.size >= most) {
      ;[...lookups].at(-1)?.push(found)
      return
    }
    const waiting = [found]
    ask(name, options, (...result) => {
      lookups.delete(waiting)
      if (lookups.size === 0) asked.delete(key)
      for (const each of waiting) each(...result)
    })
    asked.set(key, lookups.add(waiting))
  }
}
