import { basename } from 'node:path'
import { deletionClock } from '../../deletion-clock.ts'
import type { TrailRotation } from '../audit-settings.ts'
import { genesis } from './chain.ts'
import { type ChainWriter, continueChain, type Missing, missingAfter } from './chain-writer.ts'
import type { Checkpoints } from './checkpoints.ts'
import { readFileEnd } from './file-end.ts'
import { openLineFile } from './line-file.ts'
import { segmentFiles } from './segment-files.ts'
import { deleteOldSegments, openSegments } from './segments.ts'

/** A file whose lines form a chain across rotations and restarts. Only one call may write at a time. */
export interface ChainedFile extends Pick<ChainWriter, 'append' | 'miss' | 'isFailing'> {
  /** Where the chain broke off when the file was opened; undefined when it was complete. */
  readonly cutAtOpen: { readonly afterSeq: number; readonly bytes: number } | undefined
  /** Lines that had been signed and were not there when the file was opened, by their numbers. */
  readonly missingAtOpen: Missing | undefined
  readonly close: () => Promise<void>
}

/**
 * Opens a file of chained lines and continues the chain in it, as {@link continueChain} does.
 * @param onError told of what could not be written, and of a rotation that failed
 * @param checkpoints what signs the lines
 * @throws when the file cannot be opened
 */
export async function openChainedFile(
  path: string,
  rotation: TrailRotation | undefined,
  onError: (error: unknown) => void,
  checkpoints?: Pick<Checkpoints, 'signed' | 'add' | 'write'>,
): Promise<ChainedFile> {
  const file = openLineFile(path, rotation, onError)
  const end = readFileEnd(path)
  const previous = segmentFiles(path).at(-1)
  const before = previous && end.head === undefined ? readFileEnd(previous) : end
  const head = before.head ?? genesis
  const signed = checkpoints?.signed ?? genesis
  const missingAtOpen = missingAfter(head, signed)
  const { cut, isEnded } = end
  const isTorn = cut !== undefined || !isEnded || missingAtOpen !== undefined
  const chain = continueChain(file, { head, isTorn, signed }, onError, checkpoints?.add)
  if (previous !== undefined && before !== end && !isTorn) await beginAfter(previous)
  const segments = rotation && openSegments(path, rotation.compress, onError)
  if (isTorn) await chain.append([])
  const clock = deletionClock()
  const signAll = async () => checkpoints?.write()
  let deleting = Promise.resolve()

  async function rotate(): Promise<void> {
    try {
      const aside = await file.rotate()
      await beginAfter(aside)
      segments?.finish(aside)
      // No line waits for this. Lines that nobody had signed would leave a gap between checkpoints if the process is
      // killed.
      if (rotation !== undefined)
        deleting = deleteOldSegments(path, rotation, clock(), signAll).catch(onError)
    } catch (error) {
      onError(error)
    }
  }

  /** Begins a file with the name of the one before, so that its chain can be verified without that file. */
  function beginAfter(aside: string): Promise<void> {
    return chain.tell('rotated', { from: basename(aside) })
  }

  return {
    append: async (jsons) => {
      // A line that was cut off is accounted for in its own file, so that one is not rotated yet.
      if (!chain.isTorn() && file.isFull()) await rotate()
      return chain.append(jsons)
    },
    miss: chain.miss,
    isFailing: chain.isFailing,
    cutAtOpen: cut && { afterSeq: head.seq, bytes: cut.bytes },
    missingAtOpen,
    close: async () => {
      await file.close()
      await deleting
      await segments?.close()
    },
  }
}
