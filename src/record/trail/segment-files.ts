import { existsSync, readdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** The files that rotation has put aside (`FILE.TIME`, compressed or not), oldest first; none if there is no folder. */
export function segmentFiles(trail: string): string[] {
  const folder = dirname(trail)
  return existsSync(folder) ? segmentsAmong(readdirSync(folder), trail) : []
}

/** The same without blocking; rejects if there is no folder. */
export async function readSegmentFiles(trail: string): Promise<string[]> {
  return segmentsAmong(await readdir(dirname(trail)), trail)
}

function segmentsAmong(names: readonly string[], trail: string): string[] {
  const form = new RegExp(`^${RegExp.escape(basename(trail))}\\.\\d{8}T\\d{9}Z(?:\\.gz|\\.zst)?$`)
  const folder = dirname(trail)
  return names
    .filter((name) => form.test(name))
    .sort()
    .map((name) => join(folder, name))
}

/** The endings that a segment can have: none, or that of its compression. */
export const segmentEndings = ['', '.gz', '.zst'] as const

/** The name of a segment without the ending of its compression. */
export function plainName(segment: string): string {
  return segment.replace(/\.(?:gz|zst)$/, '')
}

/** The name of the index of a segment. */
export function indexFileOf(segment: string): string {
  return `${plainName(segment)}.idx`
}

/** When the last segment was put aside, according to its name, in milliseconds since the epoch; 0 if there is none. */
export async function lastPutAsideMs(trail: string): Promise<number> {
  const last = (await readSegmentFiles(trail)).at(-1)
  return last === undefined ? 0 : putAsideMs(plainName(last))
}

/** When a segment was put aside, according to its plain name, in milliseconds since the epoch. */
export function putAsideMs(name: string): number {
  const [, year, month, day, hour, minute, second, millisecond] =
    /\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(name) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`)
}
