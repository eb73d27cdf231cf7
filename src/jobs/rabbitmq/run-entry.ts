import { type HandleDelivery, type Settlement, settlementOf, untilDone } from '../durable-queue.ts'
import type { BrokerQueueSettings } from './broker-queue.ts'
import type { Beginning, Ending } from './entry-records.ts'
import type { Held } from './held-entries.ts'
import type { Death, StoredEntry } from './message.ts'

/** What is to happen with a held entry next. */
export type Fate =
  /** Its message can be acknowledged. */
  | { readonly is: 'over' }
  | {
      readonly is: 'waiting'
      /** Milliseconds since the epoch. */
      readonly dueAtMs: number
      /** The entry as it is to be delivered then; absent if it has not been delivered now. */
      readonly entry?: StoredEntry
    }

const over: Fate = { is: 'over' }

/** Everything that running entries needs. */
export interface RunSettings
  extends Pick<BrokerQueueSettings, 'records' | 'keepDeadMs' | 'clock' | 'onFault'> {
  /** Identifies this process in the records. */
  readonly holder: string
  readonly handle: HandleDelivery
  /** Adds an entry to the dead letters; resolves when it is durable there. */
  readonly bury: (entry: StoredEntry, death: Death) => Promise<void>
  /** Aborts when handlers are to finish. */
  readonly signal: AbortSignal
  /** Aborts when nothing is to be retried any more. */
  readonly end: AbortSignal
}

/** How long to wait before looking again at an entry that another process has under way, milliseconds. */
const lookAgainMs = 1_000

/** How long a record outlives the expiry of its entry, in case the entry is still in the queue then. */
const graceMs = 7 * 86_400_000

/** How long to remember that an entry is over, in case its acknowledgement was lost. */
const overMs = 86_400_000

/** How long from now the record of an entry that is not over is kept, milliseconds. */
export function recordLifeMs(expiresAtMs: number, nowMs: number): number {
  return Math.max(0, expiresAtMs - nowMs) + graceMs
}

/**
 * Begins, handles and settles an entry. Once it has been handled, settling it is retried until `end` aborts.
 * @throws {Error} if the records cannot be reached when it is to begin; it may then be begun again without counting as
 *   interrupted. Also if `end` aborts before it is settled; if it is not done, its next delivery then counts as
 *   interrupted.
 */
export async function runEntry(held: Held, settings: RunSettings): Promise<Fate> {
  const { records, holder, clock, handle, signal, end, onFault } = settings
  const beginning = await begin(held, settings)
  if (beginning.state === 'early') return { is: 'waiting', dueAtMs: beginning.dueAtMs }
  if (beginning.state === 'running') return { is: 'waiting', dueAtMs: clock() + lookAgainMs }
  if (beginning.state === 'over' || beginning.state === 'cancelled') return over

  const { payload, attempts } = beginning
  const entry = { ...held.entry, ...(payload && { payload, isChanged: true }) }
  const bury = async (reason: string): Promise<Fate> => {
    const death = { attempts, reason, diedAtMs: clock() }
    await untilDone(() => settings.bury(entry, death), onFault, end)
    return over
  }
  if (beginning.state === 'dead') return bury(beginning.reason)

  const { isInterrupted } = beginning
  const delivery = { ...entry, attempts, isInterrupted, signal }
  const settlement = await settlementOf(delivery, handle, onFault)
  const wasUntouched = !isInterrupted && (held.entry.past?.isUntouched ?? true)
  const past = {
    attempts,
    isInterrupted,
    isUntouched: settlement.state === 'retry' && settlement.isUntouched && wasUntouched,
  }
  const ending: Ending = { ...endingOf(settlement, entry), ...past }
  const lives = {
    over: overMs,
    // As long as the letter itself: kept any longer, the record would keep the entry from being put again.
    dead: settings.keepDeadMs,
    waiting: recordLifeMs(entry.expiresAtMs, clock()),
  }
  const lifeMs = lives[ending.state]
  const record = () => records.settle(entry.id, holder, ending, lifeMs)
  if (settlement.state === 'done') {
    try {
      await record()
    } catch (error) {
      onFault(error)
      // Already now, so that nobody gets it again, though this process may end before the records can be reached.
      held.receipt.acknowledge()
      await untilDone(record, onFault, end)
    }
    return over
  }
  const isOurs = await untilDone(record, onFault, end)
  if (!isOurs) return { is: 'waiting', dueAtMs: clock() + lookAgainMs }
  if (settlement.state === 'retry') {
    const { atMs: dueAtMs } = settlement
    const changed = ending.payload && { payload: ending.payload, isChanged: true }
    const later = { ...entry, ...changed, notBeforeMs: dueAtMs, past }
    return { is: 'waiting', dueAtMs, entry: later }
  }
  return bury(settlement.reason)
}

async function begin(
  { entry, isRedelivered }: Held,
  { records, holder, clock }: RunSettings,
): Promise<Beginning> {
  const attempt = {
    holder,
    isRedelivered,
    interruptedHolder: undefined,
    putAtMs: entry.putAtMs,
    past: entry.past,
    lifeMs: recordLifeMs(entry.expiresAtMs, clock()),
  }
  const beginning = await records.begin(entry.id, attempt)
  if (beginning.state !== 'running' || (await records.isAlive(beginning.holder))) return beginning
  return records.begin(entry.id, { ...attempt, interruptedHolder: beginning.holder })
}

function endingOf(
  settlement: Settlement,
  entry: StoredEntry,
): Pick<Ending, 'state' | 'dueAtMs' | 'reason' | 'payload'> {
  if (settlement.state === 'done') return { state: 'over', dueAtMs: 0, reason: '' }
  if (settlement.state === 'dead') return { state: 'dead', dueAtMs: 0, reason: settlement.reason }
  // The records may have lost what the payload was changed to before, and the message does not have it.
  const { atMs, reason, payload = entry.isChanged ? entry.payload : undefined } = settlement
  return { state: 'waiting', dueAtMs: atMs, reason, payload }
}
