import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { ConfigError, formatFault } from '../config/faults.ts'
import { type Config, loadConfig } from '../config.ts'
import { Secret } from '../contract/secret.ts'
import { compileRedaction } from '../record/redaction.ts'
import { utf8Text } from '../syntax/utf8-text.ts'
import { readArguments, requiredOption, timeOf, UsageError } from './arguments.ts'
import { explainCurl } from './explain/explain-curl.ts'
import { explainRecord } from './explain/explain-record.ts'
import type { Explanation } from './explain/explanation.ts'
import { findRecord } from './explain/find-record.ts'
import { Unreadable } from './explain/unreadable.ts'

const option = { type: 'string' } as const

/**
 * `explain`: says why the signature of a captured request does not verify, without showing any secret. The request is
 * a curl command on standard input or a record of the audit trail.
 * @returns the exit code: 0 if the signature verifies, 1 if not, 2 if the input cannot be read
 */
export async function main(args: string[]): Promise<number> {
  const { values } = readArguments({
    args,
    options: {
      config: option,
      integration: option,
      client: option,
      at: option,
      'request-id': option,
      audit: option,
      target: option,
      'body-file': option,
    },
  })
  const directory = requiredOption(values.config, 'config')
  const { at } = values
  const options = {
    integration: requiredOption(values.integration, 'integration'),
    requestId: values['request-id'],
    clientFile: values.client,
    bodyFile: values['body-file'],
    auditFile: values.audit,
    target: values.target,
    atMs: at === undefined ? Date.now() : timeOf(at, 'at'),
  }
  const ofRecord = ['audit', 'target', 'body-file'] as const
  const stray = options.requestId === undefined ? ofRecord.find((name) => values[name]) : undefined
  if (stray !== undefined) throw new UsageError(`--${stray} can only be used with --request-id`)
  if (options.requestId !== undefined && at !== undefined) {
    throw new UsageError('--at can only be used with a curl command: a record has its own time')
  }
  try {
    const config = await loadConfig(directory)
    const explanation = await explain(config, options)
    process.stdout.write(withoutSecrets(explanation, config))
    return explanation.isVerified ? 0 : 1
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const fault of error.faults) process.stderr.write(`${formatFault(fault)}\n`)
    } else if (error instanceof Unreadable) {
      process.stderr.write(`explain: ${error.message}\n`)
    } else throw error
    return 2
  }
}

interface ExplainOptions {
  readonly integration: string
  readonly requestId: string | undefined
  readonly clientFile: string | undefined
  readonly bodyFile: string | undefined
  readonly auditFile: string | undefined
  readonly target: string | undefined
  readonly atMs: number
}

async function explain(config: Config, options: ExplainOptions): Promise<Explanation> {
  const { integration, requestId, target, atMs } = options
  const clientString = await readGiven(options.clientFile)
  if (requestId === undefined) {
    return explainCurl(config, {
      integration,
      line: await readCommand(),
      atMs,
      clientString,
    })
  }
  const file = options.auditFile ?? config.gateway.audit.file
  if (file === undefined)
    throw new Unreadable('the configuration has no audit.file: name the trail with --audit')
  return explainRecord(config, {
    integration,
    record: await findRecord(file, requestId),
    target,
    body: await readGiven(options.bodyFile),
    clientString,
  })
}

/** Reads standard input; decoding would change bytes that are not UTF-8, and another body would be explained. */
async function readCommand(): Promise<string> {
  const line = utf8Text(await buffer(process.stdin))
  if (line !== undefined) return line
  throw new Unreadable('standard input is not UTF-8: give a body with other bytes as @FILE')
}

async function readGiven(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file)
  } catch {
    throw new Unreadable(`the file ${file} cannot be read`)
  }
}

function withoutSecrets({ lines, unshown }: Explanation, { secrets }: Config): string {
  const redact = compileRedaction([...secrets, ...unshown.map((plain) => new Secret(plain))])
  return lines.map((line) => `${redact(line)}\n`).join('')
}
