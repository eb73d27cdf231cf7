import { isOver, type Job, type JobItemResult, type JobStore } from '../../jobs/job.ts'
import { parseJson } from '../../syntax/parse-json.ts'
import type { AskRedis } from '../ask-redis.ts'
import { luaScript } from '../lua-script.ts'
import type { RedisClient } from '../redis-client.ts'
import { fieldsOf, jobOf } from './job-fields.ts'

/** The scripts, by the names of their commands on the client. */
export const jobScripts = {
  changeJob: luaScript('change-job.lua', import.meta.url, 2),
  putJobResults: luaScript('put-job-results.lua', import.meta.url, 2),
}

/** A Redis client on which the scripts are defined. */
export interface JobCommands {
  changeJob(job: string, results: string, ...values: (string | number)[]): Promise<number>
  putJobResults(job: string, results: string, ...values: (string | number)[]): Promise<number>
}

/** How much longer than its expiry an unfinished job is kept, since it may still be in the queue. */
const graceMs = 7 * 86_400_000

/** As long as a job is kept at most: it can be tried for a year, and seen for a year after its end. */
const indexLifeMs = 2 * 365 * 86_400_000 + graceMs

/** How many results one command reads or writes, so that none takes long. */
const pageSize = 200

/** How many jobs are read at a time: each may have an answer of a megabyte, and all have to be here by the deadline. */
const jobsAtOnce = 20

/** How many entries of a list, drawn at random, are checked whenever one is added, for jobs that no longer exist. */
const sweptAtOnce = 4

/**
 * Keeps the state of jobs in Redis.
 * @param keepMs how long a finished job can be seen, in milliseconds
 * @param clock milliseconds since the epoch
 * @param onUnread told of a job that somebody has changed to what is not understood; it counts as lost
 */
export function redisJobStore(
  redis: RedisClient,
  ask: AskRedis,
  keepMs: number,
  clock: () => number,
  onUnread: (id: string) => void,
): JobStore {
  /** How long a job is kept that is not over, milliseconds. */
  function unfinishedLifeMs(expiresAtMs: number): number {
    return Math.max(0, expiresAtMs - clock()) + keepMs + graceMs
  }

  async function get(id: string): Promise<Job | undefined> {
    const key = keyOf(id)
    const fields = await ask(key, () => redis.hgetall(key))
    const job = jobOf(fields)
    if (job === undefined && Object.keys(fields).length > 0) onUnread(id)
    return job
  }

  async function addToList(list: string, { id, acceptedAtMs }: Job): Promise<void> {
    await ask(list, () =>
      Promise.all([redis.zadd(list, acceptedAtMs, id), redis.pexpire(list, indexLifeMs)]),
    )
    // Not the oldest ones: a few jobs that wait for long would hide all others.
    const drawn = await ask(list, () => redis.zrandmember(list, sweptAtOnce))
    const absent: string[] = []
    await Promise.all(
      drawn.map(async (each) => {
        const key = keyOf(each)
        // Not the job itself: its answer may be long.
        if ((await ask(key, () => redis.exists(key))) === 0) absent.push(each)
      }),
    )
    if (absent.length > 0) await ask(list, () => redis.zrem(list, ...absent))
  }

  return {
    add: async (accepted) => {
      const job: Job = { ...accepted, state: 'waiting', attempts: 0 }
      const key = keyOf(job.id)
      const lifeMs = unfinishedLifeMs(job.expiresAtMs)
      const { set } = fieldsOf(job)
      const values = ['add', lifeMs, set.length, ...set]
      await ask(key, () => redis.changeJob(key, resultsKeyOf(job.id), ...values))
      for (const list of [listOf(undefined), listOf(job.owner)]) await addToList(list, job)
    },
    get,
    change: async (id, change) => {
      const key = keyOf(id)
      const { set, gone } = fieldsOf(change)
      const isEnd = change.state !== undefined && isOver(change.state)
      const { expiresAtMs } = change
      const lifeMs = isEnd ? keepMs : expiresAtMs === undefined ? 0 : unfinishedLifeMs(expiresAtMs)
      const values = ['change', lifeMs, set.length, ...set, ...gone]
      await ask(key, () => redis.changeJob(key, resultsKeyOf(id), ...values))
    },
    putResults: async (id, from, results) => {
      const key = keyOf(id)
      for (let start = 0; start < results.length; start += pageSize) {
        const values = results
          .slice(start, start + pageSize)
          .flatMap((result, index) => [from + start + index, JSON.stringify(result)])
        await ask(key, () => redis.putJobResults(key, resultsKeyOf(id), ...values))
      }
    },
    results: async (id) => {
      const key = resultsKeyOf(id)
      const names = await ask(key, () => redis.hkeys(key))
      const inOrder = names.sort((one, other) => Number(one) - Number(other))
      const results: JobItemResult[] = []
      for (let start = 0; start < inOrder.length; start += pageSize) {
        const page = inOrder.slice(start, start + pageSize)
        const texts = await ask(key, () => redis.hmget(key, ...page))
        for (const text of texts) {
          const result = parseJson(text ?? '')
          if (result !== undefined) results.push(result as JobItemResult)
        }
      }
      return results
    },
    list: async ({ owner, state, limit }) => {
      const list = listOf(owner)
      // By id: where another job is added meanwhile, one is read twice.
      const found = new Map<string, Job>()
      const atOnce = Math.min(jobsAtOnce, limit)
      for (let start = 0; found.size < limit; ) {
        const ids = await ask(list, () => redis.zrevrange(list, start, start + atOnce - 1))
        const jobs = await Promise.all(ids.map(get))
        for (const job of jobs) {
          if (job !== undefined && (state ?? job.state) === job.state) found.set(job.id, job)
        }
        if (ids.length < atOnce) break
        start += atOnce
      }
      return [...found.values()].slice(0, limit)
    },
  }
}

// The braces put both keys of a job into one slot.
function keyOf(id: string): string {
  return `magegate:job:{${id}}`
}

function resultsKeyOf(id: string): string {
  return `magegate:job:{${id}}:results`
}

function listOf(owner: string | undefined): string {
  return owner === undefined ? 'magegate:jobs' : `magegate:jobs:of:${owner}`
}
