import { errorCode } from '../../contract/error-code.ts'
import type { SendOwnRequest } from '../own-request.ts'
import type { ProbeSettings } from './gate-settings.ts'

/** What the gateway itself last saw of Magento. */
export type ProbeResult = 'working' | 'failing' | 'unknown'

/** Checks at intervals whether Magento works. */
export interface HealthProbe {
  readonly result: () => ProbeResult
  readonly stop: () => void
}

/**
 * Starts to probe; each probe ends before the next begins. Magento works if it answers with a status below 500.
 * @param onResult told of every result; `reason` is a status or a code, and `isNew` says whether the result changed
 */
export function startHealthProbe(
  { path, intervalMs, timeoutMs }: ProbeSettings,
  send: SendOwnRequest,
  onResult: (result: ProbeResult, reason: string, isNew: boolean) => void,
): HealthProbe {
  let result: ProbeResult = 'unknown'
  let isStopped = false
  let timer: NodeJS.Timeout | undefined

  async function probe(): Promise<void> {
    const { isWorking, reason } = await ask(send, path, timeoutMs)
    if (isStopped) return
    const isNew = isWorking !== (result === 'working') || result === 'unknown'
    result = isWorking ? 'working' : 'failing'
    onResult(result, reason, isNew)
    timer = setTimeout(probe, intervalMs).unref()
  }

  void probe()
  return {
    result: () => result,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

async function ask(send: SendOwnRequest, target: string, timeoutMs: number) {
  const [path = '', ...rest] = target.split('?')
  const query = rest.length === 0 ? undefined : rest.join('?')
  try {
    const headers = ['accept', '*/*']
    const { status } = await send({ method: 'GET', path, query, headers, timeoutMs })
    return { isWorking: status < 500, reason: `status ${status}` }
  } catch (error) {
    return { isWorking: false, reason: errorCode(error) }
  }
}
