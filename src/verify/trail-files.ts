import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * The files of a trail, oldest first: those that rotation has put aside as `FILE.TIME`, compressed
 * or not, and the file itself.
 * @throws {Error} when its folder cannot be read
 */
export function trailFiles(file: string): string[] {
  const form = new RegExp(`^${RegExp.escape(basename(file))}\\.\\d{8}T\\d{9}Z(?:\\.gz|\\.zst)?$`)
  const folder = dirname(file)
  const names = readdirSync(folder).filter((name) => form.test(name))
  // One that is being compressed is there twice for a moment.
  const plain = new Set(names.filter((name) => name.endsWith('Z')))
  const aside = names
    .filter((name) => plain.has(name) || !plain.has(name.replace(/\.(?:gz|zst)$/, '')))
    .sort()
    .map((name) => join(folder, name))
  return existsSync(file) ? [...aside, file] : aside
}

/** Where a file of a trail is now: one that has been compressed since the files were listed has another name. */
export function presentName(file: string): string {
  const names = [file, `${file}.zst`, `${file}.gz`]
  return names.find((name) => existsSync(name)) ?? file
}
