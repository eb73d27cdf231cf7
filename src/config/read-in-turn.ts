/**
 * Half of the threads of Node that read and write files (libuv: src/threadpool.c). Each reading takes one for as long as
 * the file system hangs, even if the reload has been given up. The others go on to write the audit trail.
 */
const atOnce = 2

let underWay = 0
const waiting: (() => void)[] = []

/** Reads something of the configuration once few enough others of the process are being read. */
export async function readInTurn<Result>(read: () => Promise<Result>): Promise<Result> {
  if (underWay < atOnce) underWay += 1
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await read()
  } finally {
    const next = waiting.shift()
    // It takes over the place.
    if (next === undefined) underWay -= 1
    else next()
  }
}
