import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Jobs } from '../jobs/open-jobs.ts'
import { openLog } from '../record/log.ts'
import { type Metrics, openMetrics } from '../record/metrics.ts'
import { openRecorder, type Recorder } from '../record/recorder.ts'
import type { Redactions } from '../record/redaction/redactions.ts'
import { openTracing, type Tracing } from '../record/tracing.ts'
import { openAuditLog } from '../record/trail/audit-log.ts'
import { holdTrail } from '../record/trail/hold-trail.ts'
import { type AddressPenalties, addressPenalties } from '../store/address-penalties.ts'
import { openStore } from '../store/open-store.ts'
import { redisLocation } from '../store/redis-location.ts'
import type { Store } from '../store/store.ts'
import { openJobsPart } from './jobs-part.ts'
import { tellOnce } from './tell-once.ts'

/** The parts that live as long as the process and outlast any configuration. */
export interface LastingParts {
  /** Milliseconds, never going back. */
  readonly clock: () => number
  readonly redactions: Redactions
  readonly log: Logger
  readonly metrics: Metrics
  /** Undefined where tracing is off. */
  readonly tracing: Tracing | undefined
  readonly recorder: Recorder
  readonly store: Store
  readonly penalties: AddressPenalties
  /** Undefined where the configuration has no jobs. */
  readonly jobs: Jobs | undefined
  /** Hashes tokens for the audit where the configuration has no key for that. */
  readonly tokenHashKey: Buffer
  /** Whether writes must be recorded, and the audit trail cannot record them at present. */
  readonly isAuditDemandUnmet: () => boolean
  /** Tells the store that requests may run for so long, milliseconds; it never goes back to less. */
  readonly allowRequestsOf: (ms: number) => void
  /** Writes what has been recorded so far, then closes everything. */
  readonly close: () => Promise<void>
}

/** The fault of a trail that has stalled. */
const stall = new Error('stalled')

/** How much longer than its deadline a process may take to end, milliseconds. */
const endingMs = 5_000

/**
 * Opens the parts that live as long as the process.
 * @param config the configuration that the process starts with
 * @param redactions already with the secrets of this configuration
 * @throws when the audit trail, or the file of jobs, cannot be opened
 */
export async function openLastingParts(
  config: Config,
  redactions: Redactions,
): Promise<LastingParts> {
  const { audit, store: storeSettings, shutdown } = config.gateway
  const { redact } = redactions
  const clock = () => performance.now()
  const log = openLog(redact)
  const metrics = openMetrics()
  const tracing = await openTracing(config.tracing, {
    redact,
    count: metrics.countSpans,
    onFailed: tellOnce((error) => log.warn({ err: error }, 'spans could not be sent'), {
      onEnd: () => log.info('no spans have failed to be sent for a minute'),
    }),
  })

  const release =
    audit.file === undefined
      ? undefined
      : await holdTrail(audit.file, {
          // An earlier process may still be ending.
          patienceMs: shutdown.deadlineMs + endingMs,
          onWait: () => log.warn('waiting for another process that writes to the audit trail'),
          onUnlockable: (error) =>
            log.warn({ err: error }, 'the audit trail cannot be locked against other processes'),
        })
  const tellOfTrail = tellOnce(
    (error) => {
      if (error === stall) log.error('the audit trail has stalled')
      else log.error({ err: error }, 'the audit trail could not be written')
    },
    {
      onEnd: () => log.info('the audit trail has been written without a fault for a minute'),
      isGoingOn: () => recorder.isStalled(),
    },
  )
  const auditLog = await openAuditLog(audit, redact, (error) => {
    metrics.audit.failed()
    tellOfTrail(error)
  })
  if (auditLog.cutAtOpen !== undefined) {
    log.warn(
      auditLog.cutAtOpen,
      'the audit trail did not end with a complete record; recording continues after that',
    )
  }
  if (auditLog.missingAtOpen !== undefined) {
    metrics.audit.failed()
    const message =
      'records that a checkpoint covers are missing; the audit trail goes on after them'
    log.error(auditLog.missingAtOpen, message)
  }
  const isRecordDemanded = audit.onFailure === 'refuse'
  const recorder = openRecorder(
    auditLog,
    tracing === undefined ? metrics : { observe: observeBoth(metrics, tracing) },
    { isRecordDemanded, deadlineMs: audit.deadlineMs },
    () => {
      metrics.audit.failed()
      tellOfTrail(stall)
    },
  )
  metrics.audit.watch(recorder)

  async function closeTrail(): Promise<void> {
    await recorder.flush()
    // What it has begun may still be written: until the process has ended, no other one may write to the trail.
    if (recorder.isStalled()) return
    await auditLog.close()
    release?.()
  }

  let requestMs = 0
  const store = await openStore(
    {
      redis: redisLocation(storeSettings),
      deadlineMs: storeSettings.deadlineMs,
      localShare: storeSettings.localShare,
      requestMs: () => requestMs,
      answerBytes: config.gateway.cache.memoryMiB * 1_048_576,
    },
    { monotonic: clock, wall: Date.now },
    log,
    metrics.store,
  )
  const jobs = await openJobsPart(config.gateway, { log, metrics, recorder, tracing })
  return {
    clock,
    redactions,
    log,
    metrics,
    tracing,
    recorder,
    store,
    penalties: addressPenalties(clock),
    jobs,
    tokenHashKey: randomBytes(32),
    isAuditDemandUnmet: () => isRecordDemanded && (auditLog.isFailing() || recorder.isStalled()),
    allowRequestsOf: (ms) => {
      requestMs = Math.max(requestMs, ms)
    },
    close: async () => {
      store.close()
      // All at once, so that `endingMs` is enough where everything is away. The trail is first to collect the last requests,
      // which makes their spans.
      await Promise.all([closeTrail(), tracing?.close(), jobs?.close()])
    },
  }
}

function observeBoth(metrics: Metrics, tracing: Tracing): Metrics['observe'] {
  return (record, request) => {
    metrics.observe(record, request)
    tracing.observe(record, request)
  }
}
