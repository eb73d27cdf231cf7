import { addTo } from '../contract/add-to.ts'

/** A body that is arriving. */
export interface ArrivingBody {
  readonly address: string
  readonly owner: string
}

/** The bodies that are arriving. However many there are, each step takes the same time. */
export interface ArrivingBodies<Body extends ArrivingBody> {
  /** Notes that more bytes of a body have come; of a body that is not known yet, that it begins to arrive. */
  readonly add: (body: Body, bytes: number) => void
  /**
   * Forgets a body, if it is known.
   * @param bytes all that have come of it
   */
  readonly remove: (body: Body, bytes: number) => void
  /** Bytes of all bodies, or of those of one owner. */
  readonly bytesOf: (owner?: string) => number
  /**
   * The body of all, or of one owner, that is to be given up next: the first one of an address that has more than its
   * share, or otherwise the first one.
   */
  readonly next: (owner?: string) => Body | undefined
}

/** Bodies in the order in which they began to arrive, all of them and by address. */
interface Line<Body> {
  readonly bodies: Set<Body>
  readonly ofAddress: Map<string, Set<Body>>
  bytes: number
}

/** @param shareBytes of an address; asked whenever the bytes of an address change */
export function arrivingBodies<Body extends ArrivingBody>(
  shareBytes: () => number,
): ArrivingBodies<Body> {
  const all = emptyLine<Body>()
  const ofOwner = new Map<string, Line<Body>>()
  const addressBytes = new Map<string, number>()
  /** The addresses that have more than their share. */
  const greedy = new Set<string>()

  function count(address: string, more: number): void {
    if (addTo(addressBytes, address, more) > shareBytes()) greedy.add(address)
    else greedy.delete(address)
  }

  return {
    add: (body, bytes) => {
      const own = ofOwner.get(body.owner) ?? emptyLine<Body>()
      ofOwner.set(body.owner, own)
      for (const line of [all, own]) join(line, body, bytes)
      count(body.address, bytes)
    },
    remove: (body, bytes) => {
      const own = ofOwner.get(body.owner)
      if (!own?.bodies.has(body)) return
      for (const line of [all, own]) leave(line, body, bytes)
      if (own.bodies.size === 0) ofOwner.delete(body.owner)
      count(body.address, -bytes)
    },
    bytesOf: (owner) => lineOf(owner)?.bytes ?? 0,
    next: (owner) => {
      const line = lineOf(owner)
      for (const address of greedy) {
        const first = firstOf(line?.ofAddress.get(address))
        if (first !== undefined) return first
      }
      return firstOf(line?.bodies)
    },
  }

  function lineOf(owner: string | undefined): Line<Body> | undefined {
    return owner === undefined ? all : ofOwner.get(owner)
  }
}

function emptyLine<Body>(): Line<Body> {
  return { bodies: new Set(), ofAddress: new Map(), bytes: 0 }
}

function join<Body extends ArrivingBody>(line: Line<Body>, body: Body, bytes: number): void {
  line.bytes += bytes
  line.bodies.add(body)
  const same = line.ofAddress.get(body.address)
  if (same === undefined) line.ofAddress.set(body.address, new Set([body]))
  else same.add(body)
}

function leave<Body extends ArrivingBody>(line: Line<Body>, body: Body, bytes: number): void {
  line.bytes -= bytes
  line.bodies.delete(body)
  const same = line.ofAddress.get(body.address)
  same?.delete(body)
  if (same?.size === 0) line.ofAddress.delete(body.address)
}

function firstOf<Body>(bodies: ReadonlySet<Body> | undefined): Body | undefined {
  return bodies?.values().next().value
}
