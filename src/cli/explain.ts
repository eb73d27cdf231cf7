import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { ConfigError, formatFault } from '../config/faults.ts'
import { type Config, loadConfig } from '../config.ts'
import { compileRedaction } from '../record/redaction.ts'
import { Secret } from '../secret.ts'
import { requiredOption, UsageError } from './arguments.ts'
import { explainCurl } from './explain/explain-curl.ts'
import type { Explanation } from './explain/explanation.ts'
import { Unreadable } from './explain/unreadable.ts'

const option = { type: 'string' } as const

/**
 * `explain`: says why the signature of a captured request does not verify, and shows no secret.
 * @returns the exit code: 0 when it verifies, 1 when not, 2 when what was given cannot be read
 */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: option, integration: option, client: option, at: option },
  })
  const directory = requiredOption(values.config, 'config')
  const integration = requiredOption(values.integration, 'integration')
  const atMs = values.at === undefined ? Date.now() : Date.parse(values.at)
  if (Number.isNaN(atMs)) throw new UsageError('--at is no time, such as 2026-11-24T12:00:00Z')
  try {
    const config = await loadConfig(directory)
    const clientString = values.client === undefined ? undefined : await readClient(values.client)
    const line = await text(process.stdin)
    const explanation = explainCurl(config, { integration, line, atMs, clientString })
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

async function readClient(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch {
    throw new Unreadable(`--client: the file ${file} cannot be read`)
  }
}

function withoutSecrets({ lines, unshown }: Explanation, { secrets }: Config): string {
  const redact = compileRedaction([...secrets, ...unshown.map((plain) => new Secret(plain))])
  return lines.map((line) => `${redact(line)}\n`).join('')
}
