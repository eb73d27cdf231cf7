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
  const all = readdirSync(folder)
  const names = all.filter((name) => form.test(name))
  // While a segment is being compressed, both forms of it exist for a moment.
  const plain = new Set(names.filter((name) => name.endsWith('Z')))
  const aside = names
    .filter((name) => plain.has(name) || !plain.has(name.replace(/\.(?:gz|zst)$/, '')))
    .sort()
    .map((name) => join(folder, name))
  // By its folder, so that one that cannot be reached is not left out, but named when it is read.
  return all.includes(basename(file)) ? [...aside, file] : aside
}

/**
 * The files of a trail, with the names that they have when it is their turn. In the meantime a running gateway may have
 * compressed one of them, or rotated the file that it writes, which was listed last. Files that it has put aside since
 * come before that one.
 * @param listed the result of {@link trailFiles}
 */
export function* presentFiles(listed: readonly string[]): Generator<string> {
  const known = new Set(listed.map(plainName))
  for (const file of listed.slice(0, -1)) yield presentName(file)
  const last = listed.at(-1)
  if (last === undefined) return
  for (;;) {
    const next = trailFiles(last).find((file) => !known.has(plainName(file)))
    if (next === undefined) break
    known.add(plainName(next))
    yield next
  }
  yield presentName(last)
}

function plainName(file: string): string {
  return file.replace(/Z\.(?:gz|zst)$/, 'Z')
}

/** The present name of a file, which is different if it has been compressed since the files were listed. */
function presentName(file: string): string {
  const names = [file, `${file}.zst`, `${file}.gz`]
  return names.find((name) => existsSync(name)) ?? file
}
