import { randomUUID } from 'node:crypto'

/** A new id for a span: 16 hex digits (W3C Trace Context, section 3.2.2.4). */
export function newSpanId(): string {
  return spanIdOf(randomUUID())
}

/** The span id made of random digits of a version 4 UUID; always the same for the same UUID. */
export function spanIdOf(uuid: string): string {
  return uuid.slice(0, 8) + uuid.slice(28)
}
