import type { Secret } from '../../contract/secret.ts'
import type { RedisStream } from '../../store/redis-stream.ts'
import type { AuditCheckpointSettings } from '../audit-settings.ts'
import { type CopyCheckpoint, copyCheckpoints, copyToFile, copyToUrl } from './checkpoint-copies.ts'
import { readCheckpointKey } from './checkpoint-key.ts'
import { type Checkpoints, openCheckpoints } from './checkpoints.ts'

/**
 * Opens the checkpoints of a trail as configured, with their second places: closing them tries once more to take all
 * there.
 * @param onError told of what could not be written or copied; it is tried again
 * @throws {Error} when a file cannot be read
 */
export async function openAuditCheckpoints(
  trail: string,
  { key: pem, copyTo = {}, ...settings }: AuditCheckpointSettings,
  onError: (error: unknown) => void,
): Promise<Checkpoints> {
  const key = readCheckpointKey(pem.reveal())
  if (key === undefined) throw new Error('audit.checkpoints.key is no Ed25519 key')
  const stream = copyTo.redis && (await openStream(copyTo.redis.url, copyTo.redis.stream))
  const places = new Map<string, CopyCheckpoint>()
  if (copyTo.file !== undefined) places.set('file', copyToFile(copyTo.file))
  if (stream !== undefined) places.set('redis', stream.append)
  if (copyTo.url !== undefined) places.set('url', copyToUrl(copyTo.url.reveal()))
  const copies = [...places].map(([place, copy]) =>
    copyCheckpoints(copy, (cause) => {
      // Without the code of its cause, it does not count as the same fault as one of the trail itself.
      onError(
        new Error(`checkpoints do not arrive at audit.checkpoints.copyTo.${place}`, { cause }),
      )
    }),
  )
  const checkpoints = openCheckpoints(
    trail,
    { key, ...settings },
    (line) => {
      for (const each of copies) each.add(line)
    },
    onError,
  )
  return {
    ...checkpoints,
    close: async () => {
      await checkpoints.close()
      await Promise.all(copies.map((each) => each.close()))
      stream?.close()
    },
  }
}

/** Loads the client of Redis, which nothing else of the trail needs. */
async function openStream(url: Secret, stream: string): Promise<RedisStream> {
  const { openRedisStream } = await import('../../store/redis-stream.ts')
  return openRedisStream(url, stream)
}
