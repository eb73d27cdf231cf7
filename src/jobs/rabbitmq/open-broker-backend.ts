import type { JobStore } from '../job.ts'
import type { JobBackend } from '../job-backend.ts'
import { type BrokerSettings, openBroker } from './broker.ts'
import { brokerQueue } from './broker-queue.ts'
import type { EntryRecords } from './entry-records.ts'
import { type OnBrokerChange, watchOutage } from './outage.ts'
import { declareQueues, queueNames } from './queue-names.ts'

/** Where jobs are kept on many machines. */
export interface BrokerBackendSettings extends Pick<BrokerSettings, 'url' | 'ca' | 'deadlineMs'> {
  /** How long a dead letter is kept, milliseconds; below 2 to the power of 32. */
  readonly keepDeadMs: number
  /** Records of the entries of one queue, which all processes share. */
  readonly entriesOf: (queue: string) => EntryRecords
  readonly store: JobStore
  /** Whether the records and the store cannot be reached at present. */
  readonly isStoreAway: () => boolean
  readonly onBrokerChange: OnBrokerChange
}

/**
 * Keeps jobs in quorum queues of RabbitMQ, for any number of processes. Resolves after the first attempt to reach it,
 * even if that fails.
 * @param onFault told of failures that are retried, and of defects in handlers
 */
export async function openBrokerBackend(
  settings: BrokerBackendSettings,
  onFault: (error: unknown) => void,
): Promise<JobBackend> {
  const { entriesOf, store, keepDeadMs, isStoreAway, onBrokerChange } = settings
  const names = { jobs: queueNames('jobs'), callbacks: queueNames('callbacks') }
  const notesOfConnection = watchOutage(onBrokerChange)
  const connect = () =>
    openBroker({
      ...settings,
      ...notesOfConnection(),
      declare: async (channel, ask) => {
        await declareQueues(channel, ask, names.jobs)
        await declareQueues(channel, ask, names.callbacks)
      },
    })
  /*
   * Messages are consumed over a connection of their own. While memory or disk of the broker are full, it reads nothing
   * from those that publish, so it would get no acknowledgement there either, and would never have room again.
   */
  const [broker, consumingBroker] = await Promise.all([connect(), connect()])
  const clock = Date.now
  const queueOf = (name: 'jobs' | 'callbacks') =>
    brokerQueue({
      broker,
      consumingBroker,
      records: entriesOf(name),
      changeJob: store.change,
      names: names[name],
      keepDeadMs,
      clock,
      onFault,
    })
  return {
    jobs: queueOf('jobs'),
    callbacks: queueOf('callbacks'),
    store,
    isAway: () => broker.isAway() || consumingBroker.isAway() || isStoreAway(),
    close: async () => {
      await Promise.all([broker.close(), consumingBroker.close()])
    },
  }
}
