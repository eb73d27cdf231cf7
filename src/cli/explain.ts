import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { ConfigError } from '../config/faults.ts'
import { type Config, loadConfig } from '../config.ts'
import { errorCode } from '../contract/error-code.ts'
import { Secret } from '../contract/secret.ts'
import { compileRedaction, redactPlain } from '../record/redaction/compile-redaction.ts'
import { printable } from '../syntax/terminal-text.ts'
import { utf8Text } from '../syntax/utf8-text.ts'
import { readArguments, requiredOption, timeOf, UsageError } from './arguments.ts'
import { explainCurl } from './explain/explain-curl.ts'
import { explainRecord } from './explain/explain-record.ts'
import type { Explanation } from './explain/explanation.ts'
import { findRecord } from './explain/find-record.ts'
import { Unreadable } from './explain/unreadable.ts'

const text = { type: 'string' } as const
const options = {
  config: text,
  integration: text,
  client: text,
  at: text,
  request: text,
  audit: text,
  target: text,
  'body-file': text,
} as const

/** The options of the command, as text. */
type Options = { readonly [Name in keyof typeof options]?: string }

/**
 * `explain`: says why the signature of a captured request does not verify, without showing any secret. The request is
 * a curl command on standard input or a record of the audit trail.
 * @returns the exit code: 0 if the signature verifies, 1 if not, 2 if the input cannot be read
 */
export async function main(args: string[]): Promise<number> {
  const { values } = readArguments({ args, options })
  const directory = requiredOption(values.config, 'config')
  const integration = requiredOption(values.integration, 'integration')
  const atMs = values.at === undefined ? Date.now() : timeOf(values.at, 'at')
  checkCombination(values)
  try {
    const config = await loadConfig(directory)
    const explanation = await explain(config, integration, atMs, values)
    process.stdout.write(await withoutSecrets(explanation, config))
    return explanation.isVerified ? 0 : 1
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof Unreadable)) throw error
    const { message } = error
    process.stderr.write(`explain: ${error instanceof Unreadable ? printable(message) : message}\n`)
    return 2
  }
}

/** @throws {UsageError} when an option of a record comes with a curl command, or the other way round */
function checkCombination(values: Options): void {
  if (values.request === undefined) {
    const ofRecord = ['audit', 'target', 'body-file'] as const
    const stray = ofRecord.find((name) => values[name])
    if (stray !== undefined) throw new UsageError(`--${stray} can only be used with --request`)
  } else if (values.at !== undefined) {
    throw new UsageError('--at can only be used with a curl command: a record has its own time')
  }
}

async function explain(
  config: Config,
  integration: string,
  atMs: number,
  { request: requestId, target, ...files }: Options,
): Promise<Explanation> {
  const clientString = await readGiven(files.client)
  if (requestId === undefined) {
    return explainCurl(config, { integration, line: await readCommand(), atMs, clientString })
  }
  const trail = files.audit ?? config.gateway.audit.file
  if (trail === undefined)
    throw new Unreadable('the configuration has no audit.file: name the trail with --audit')
  return explainRecord(config, {
    integration,
    record: await findRecord(trail, requestId),
    target,
    body: await readGiven(files['body-file']),
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
  } catch (error) {
    throw new Unreadable(`the file ${file} cannot be read (${errorCode(error)})`)
  }
}

async function withoutSecrets(
  { lines, unshown }: Explanation,
  { secrets }: Config,
): Promise<string> {
  const redact = await compileRedaction([...secrets, ...unshown.map((plain) => new Secret(plain))])
  return lines.map((line) => `${redactPlain(line, redact)}\n`).join('')
}
