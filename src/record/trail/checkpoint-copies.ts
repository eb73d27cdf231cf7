import { type FileHandle, open } from 'node:fs/promises'
import { oneAtATime } from '../../contract/one-at-a-time.ts'
import { percentDecode } from '../../syntax/percent-encoding.ts'

/** Copies one checkpoint to a second place; rejects when it did not arrive. */
export type CopyCheckpoint = (line: string) => Promise<void>

/** Checkpoints on their way to a second place. */
export interface CheckpointCopies {
  readonly add: (line: string) => void
  /** Tries once more to copy what waits, for at most one second; reports what had no time to arrive. */
  readonly close: () => Promise<void>
}

const retryMs = 5_000
/** How many checkpoints wait for a place; beyond that the oldest are given up, since later ones follow in the chain. */
const maxWaiting = 10_000
/** How long a stop, which has five seconds for all that is left, waits for a place. The file of checkpoints has the rest. */
const closeMs = 1_000

/**
 * Copies checkpoints to a second place in order, and tries each one until it has arrived.
 * @param onError told of each attempt that failed
 */
export function copyCheckpoints(
  copy: CopyCheckpoint,
  onError: (error: unknown) => void,
): CheckpointCopies {
  const waiting: string[] = []
  const runAlone = oneAtATime(run)
  let retry: NodeJS.Timeout | undefined

  async function run(): Promise<void> {
    for (let line = waiting[0]; line !== undefined; line = waiting[0]) {
      try {
        await copy(line)
      } catch (error) {
        onError(error)
        retry = setTimeout(start, retryMs).unref()
        return
      }
      // It may have been given up meanwhile, and then another one is the first.
      if (waiting[0] === line) waiting.shift()
    }
  }
  function start(): Promise<void> {
    retry = undefined
    return runAlone()
  }
  return {
    add: (line) => {
      if (waiting.length === maxWaiting) waiting.shift()
      waiting.push(line)
      if (retry === undefined) void start()
    },
    close: async () => {
      // One last attempt, without waiting for the next one to be due.
      clearTimeout(retry)
      const running = start()
      const isOver = Promise.withResolvers<void>()
      const timer = setTimeout(() => {
        onError(new Error(`no time for ${waiting.length} checkpoints to arrive at a second place`))
        // Not to begin with the next one.
        waiting.length = 0
        isOver.resolve()
      }, closeMs)
      await Promise.race([running, isOver.promise])
      clearTimeout(timer)
      clearTimeout(retry)
    },
  }
}

/** Appends to a file, on another volume or machine; after a line that was cut off, on a new line. */
export function copyToFile(path: string): CopyCheckpoint {
  return async (line) => {
    await using file = await open(path, 'a+', 0o640)
    const lead = (await isTorn(file)) ? '\n' : ''
    await file.appendFile(`${lead}${line}\n`)
  }
}

async function isTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== 0x0a
}

const answerLimitMs = 10_000

/** Copies by a POST to a URL, which must answer with a 2xx. A user and password in it are sent as RFC 7617 says. */
export function copyToUrl(text: string): CopyCheckpoint {
  const url = new URL(text)
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  const { username, password } = url
  if (`${username}${password}` !== '') {
    const pair = [username, password].map((part) => percentDecode(part) ?? part).join(':')
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
    // fetch refuses a URL that has them.
    url.username = ''
    url.password = ''
  }
  return async (line) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: line,
      redirect: 'error',
      signal: AbortSignal.timeout(answerLimitMs),
    })
    await answer.body?.cancel()
    if (!answer.ok) throw new Error(`the second place answered ${answer.status}`)
  }
}
