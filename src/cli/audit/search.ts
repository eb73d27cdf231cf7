import { type IndexedField, indexedFields } from '../../record/trail/segment-index.ts'
import { headLine, type OutputForm, recordLine } from '../../search/print-records.ts'
import type { Query } from '../../search/query.ts'
import { searchTrail } from '../../search/search-trail.ts'
import { limitOf, readArguments, timeOf, UsageError } from '../arguments.ts'
import { filesOf, namedTrail } from './named-trail.ts'

const options = {
  request: { type: 'string' },
  sku: { type: 'string' },
  order: { type: 'string' },
  job: { type: 'string' },
  integration: { type: 'string' },
  route: { type: 'string' },
  code: { type: 'string' },
  status: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
  csv: { type: 'boolean' },
} as const

const optionOf: Readonly<Record<IndexedField, keyof typeof options>> = {
  requestId: 'request',
  skus: 'sku',
  orderIds: 'order',
  jobIds: 'job',
  integration: 'integration',
  route: 'route',
  code: 'code',
  status: 'status',
}

/**
 * `audit search FILE [conditions] [--json | --csv]`: prints the records of a trail that meet all
 * conditions, oldest first. A file that cannot be read is named, and the others are searched.
 * @returns 0, or 1 when a file cannot be read
 */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = readArguments({ args, allowPositionals: true, options })
  const trail = namedTrail(positionals)
  if (values.json && values.csv) throw new UsageError('--json and --csv cannot be used together')
  const form: OutputForm = values.json ? 'json' : values.csv ? 'csv' : 'table'
  const limit = limitOf(values.limit, Number.POSITIVE_INFINITY)
  if (values.status !== undefined && !/^(?:0|\d{3})$/.test(values.status)) {
    throw new UsageError('--status must be a number of three digits, or 0')
  }
  const query: Query = {
    // In the order of the fields, so that the most selective one comes first.
    equal: new Map(
      indexedFields.flatMap((field) => {
        const value = values[optionOf[field]]
        return typeof value === 'string' ? [[field, value]] : []
      }),
    ),
    fromMs: values.from === undefined ? Number.NEGATIVE_INFINITY : timeOf(values.from, 'from'),
    toMs: values.to === undefined ? Number.POSITIVE_INFINITY : timeOf(values.to, 'to'),
  }
  // A reader such as `head` has had enough. If a disk is full instead, the exit code shows it.
  process.stdout.on('error', () => process.exit())
  const progress = process.stderr.isTTY ? showProgress : () => undefined
  let exitCode = 0
  function tellUnreadable({ message }: Error): void {
    exitCode = 1
    hideProgress()
    process.stderr.write(`audit search: ${message}\n`)
  }
  try {
    let found = 0
    for await (const record of searchTrail(filesOf(trail), query, progress, tellUnreadable)) {
      hideProgress()
      const head = found === 0 ? headLine(form) : undefined
      await print(`${head === undefined ? '' : `${head}\n`}${recordLine(record, form)}\n`)
      found += 1
      if (found >= limit) break
    }
  } catch (error) {
    tellUnreadable(error as Error)
  } finally {
    hideProgress()
  }
  return exitCode
}

/** Waits for a slow reader, so that no output piles up in memory. */
async function print(lines: string): Promise<void> {
  if (!process.stdout.write(lines)) {
    await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}

let shown: number | undefined
function showProgress(done: number): void {
  const percent = Math.floor(done * 100)
  if (percent === shown) return
  shown = percent
  process.stderr.write(`\r${percent} %`)
}

/** Clears the line of the progress: on a terminal, what is printed next is on the same line. */
function hideProgress(): void {
  if (shown === undefined) return
  shown = undefined
  process.stderr.write('\r\x1b[K')
}
