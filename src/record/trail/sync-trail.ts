import { type FileHandle, open } from 'node:fs/promises'
import { readSegmentFiles } from './segment-files.ts'

/** So many files that rotation has put aside may hold lines that are not on the disk yet; older ones have long been. */
const youngSegments = 2

/**
 * Resolves when all lines of a trail that have been written are on the disk, so that a loss of power cannot take them.
 * @throws {Error} when that fails
 */
export async function syncTrail(trail: string): Promise<void> {
  // Opened first: if it is put aside now, this is still the same file.
  const current = await openThere(trail)
  await syncFile(current)
  const aside = (await readSegmentFiles(trail)).filter((file) => file.endsWith('Z'))
  // One that is gone has been compressed, and was synced before that.
  for (const file of aside.slice(-youngSegments)) await syncFile(await openThere(file))
}

async function openThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function syncFile(file: FileHandle | undefined): Promise<void> {
  try {
    await file?.datasync()
  } finally {
    await file?.close()
  }
}
