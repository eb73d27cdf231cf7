import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, htmlAnswer, jsonAnswer } from './answer.ts'
import { type Exchange, sendAnswer, writeHead } from './exchange.ts'
import type { Fault } from './fault.ts'

/** Answers in the way of the fault; `work` does what was asked and gives what the shop would have answered. */
export async function answerFaultily(
  fault: Fault,
  exchange: Exchange,
  work: () => Promise<Answer>,
): Promise<void> {
  switch (fault.kind) {
    case 'refuse':
    case 'reset':
      return exchange.breakOff()
    case 'stall':
      return
    case 'slow':
      return answerLate(exchange, await work(), fault.delayMs)
    case 'reset-mid-body':
      return resetMidBody(exchange, await work())
    case 'drip':
      return drip(exchange, await work(), fault)
    case 'wrong-content-length':
      return announceTooMuch(exchange, await work())
    case 'endless-body':
      return sendEndlessly(exchange)
    case 'echo':
      return echo(exchange, fault)
    default:
      return sendAnswer(exchange, errorAnswer(fault))
  }
}

type ErrorFault = Extract<
  Fault,
  { readonly kind: 'unavailable' | 'maintenance' | 'html-error' | 'fatal' }
>

function errorAnswer(fault: ErrorFault): Answer {
  switch (fault.kind) {
    case 'unavailable': {
      const { retryAfter } = fault
      const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
      return jsonAnswer(503, { message: 'Service Unavailable' }, headers)
    }
    case 'maintenance':
      return htmlAnswer(503, 'Service Temporarily Unavailable')
    case 'html-error':
      return htmlAnswer(fault.status, `Error ${fault.status}`)
    case 'fatal':
      return jsonAnswer(500, { messages: { error: [{ code: 500, message: 'Fatal error' }] } })
  }
}

async function answerLate(exchange: Exchange, answer: Answer, delayMs: number): Promise<void> {
  if (await pause(exchange, delayMs)) sendAnswer(exchange, answer)
}

function resetMidBody({ response, breakOff }: Exchange, answer: Answer): void {
  const body = Buffer.from(answer.body)
  writeHead(response, answer, 0)
  response.write(body.subarray(0, Math.ceil(body.length / 2)), breakOff)
}

async function drip(
  exchange: Exchange,
  answer: Answer,
  pace: { readonly bytesPerInterval: number; readonly intervalMs: number },
): Promise<void> {
  const body = Buffer.from(answer.body)
  const { response } = exchange
  writeHead(response, answer, 0)
  response.flushHeaders()
  for (let sent = 0; sent < body.length; sent += pace.bytesPerInterval) {
    response.write(body.subarray(sent, sent + pace.bytesPerInterval))
    if (!(await pause(exchange, pace.intervalMs))) return
  }
  response.end()
}

function announceTooMuch({ response }: Exchange, answer: Answer): void {
  writeHead(response, answer, 10)
  response.write(answer.body, () => response.socket?.end())
}

function sendEndlessly({ response }: Exchange): void {
  const chunk = Buffer.alloc(16_384, 'x')
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
  response.write('"')
  const fill = () => {
    if (response.destroyed) return
    if (response.write(chunk)) setImmediate(fill)
    else response.once('drain', fill)
  }
  fill()
}

function echo({ response }: Exchange, fault: Extract<Fault, { readonly kind: 'echo' }>): void {
  response.statusCode = fault.status ?? 200
  for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value)
  response.end(fault.body ?? '')
}

/** Waits and says whether the sender is still there. */
async function pause({ signal }: Exchange, ms: number): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch (cause) {
    if (signal.aborted) return false
    throw cause
  }
}
