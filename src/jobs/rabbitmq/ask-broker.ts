import { withinTime } from '../../contract/within-time.ts'
import { brokerError } from './broker-error.ts'

/** Waits for an answer of the broker; rejects if it does not come in time. What is asked is not taken back. */
export type AskBroker = <Answer>(answer: Promise<Answer>) => Promise<Answer>

/**
 * A broker that is alive may still not answer, for example while a queue has no leader. If a connection breaks in the
 * middle of a message that was asked for, amqplib does not settle the answer either.
 * @param deadlineMs longest wait for each answer
 */
export function askWithin(deadlineMs: number): AskBroker {
  return (answer) => withinTime(answer, deadlineMs, () => brokerError('BROKER_TIMEOUT'))
}
