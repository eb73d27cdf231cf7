import { atMost } from '../contract/at-most.ts'

/**
 * Reads something of the configuration once few enough others of the process are being read. Each reading takes one of
 * the threads that Node has for files for as long as the file system hangs, even if the reload has been given up: of the
 * four that libuv has if nobody asks for more (src/threadpool.c), two go on to write the audit trail.
 */
export const readInTurn = atMost(2)
