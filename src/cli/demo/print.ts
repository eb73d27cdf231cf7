import { styleText } from 'node:util'
import type { AuditRecord } from '../../record/audit-record.ts'
import { demoSecrets } from './scenes.ts'

/** Prints lines of the demo, without colours if the terminal does not support them. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** A heading. */
export function heading(text: string): string {
  return `\n${styleText('bold', text)}`
}

/** A line under a label. */
export function labelled(label: string, text: string): string {
  return `  ${styleText('dim', label.padEnd(9))} ${text}`
}

/** A coloured status: green for a successful answer of Magento, yellow for a refusal of the gateway. */
export function status(code: number): string {
  return styleText(code < 400 ? 'green' : 'yellow', String(code))
}

/** Text on one line, cut where a terminal would wrap it. */
export function short(text: string, width = 96): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > width ? `${line.slice(0, width - 1)}…` : line
}

/** Text over several lines, each as long as a terminal shows it, broken after commas. */
export function wrapped(text: string, width = 96): string[] {
  const lines: string[] = []
  for (const part of text.split(/(?<=,) /)) {
    const longer = `${lines.at(-1)} ${part}`
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(part)
  }
  return lines
}

/** Header lines in which each secret of the demo is replaced by its name. */
export function headerText(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return Object.entries(demoSecrets).reduce(
    (text, [name, secret]) => text.replaceAll(secret, `<${name}>`),
    lines.join(', '),
  )
}

/** An audit record, reduced to the columns that an operator looks at first. */
export function auditLine(record: AuditRecord): string {
  const who = record.integration ?? (record.claimed ? `${record.claimed}?` : '-')
  const what = `${record.method} ${record.path ?? '-'}`
  const why = record.code ? `${record.code}: ${record.reason}` : `magento ${record.upstreamMs} ms`
  return `  ${status(record.status)} ${who.padEnd(11)} ${short(what, 46).padEnd(46)} ${short(why, 60)}`
}
