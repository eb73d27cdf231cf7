import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

let opened = new AsyncDisposableStack()
after(closeShared)

/** Opens what all tests of a file share. When they have ended it is closed, the last one first. */
export async function shared<Resource extends AsyncDisposable>(
  opening: Promise<Resource>,
): Promise<Resource> {
  return opened.use(await opening)
}

/** Makes a folder that is removed when the tests of the file have ended. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Closes what the tests that have ended shared. */
export async function closeShared(): Promise<void> {
  const ended = opened
  opened = new AsyncDisposableStack()
  await ended.disposeAsync()
}
