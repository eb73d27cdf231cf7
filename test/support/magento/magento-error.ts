import { randomBytes } from 'node:crypto'
import { type Answer, jsonAnswer } from './answer.ts'

/** Values for the placeholders of a message: by number, or by name. */
export type MessageParameters = readonly unknown[] | Readonly<Record<string, unknown>>

/** One of several faults of an input. */
export interface InputFault {
  readonly message: string
  readonly parameters: MessageParameters
}

interface ErrorDetails {
  readonly parameters?: MessageParameters
  readonly errors?: readonly InputFault[]
  readonly code?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** An error in Magento's own shape (Magento: Framework/Webapi/ErrorProcessor.php, maskException). */
export class MagentoError extends Error {
  override readonly name = 'MagentoError'
  readonly status: number
  readonly details: ErrorDetails

  /** `message` is sent as it is: Magento leaves its placeholders to the client. */
  constructor(status: number, message: string, details: ErrorDetails = {}) {
    super(message)
    this.status = status
    this.details = details
  }
}

/** 400: a LocalizedException of any kind that has no status of its own. */
export function badRequest(message: string, parameters?: MessageParameters): MagentoError {
  return new MagentoError(400, message, parameters && { parameters })
}

/** 401: missing login and missing permission alike; Magento knows no 403. */
export function unauthorised(message: string, parameters?: MessageParameters): MagentoError {
  return new MagentoError(401, message, parameters && { parameters })
}

/** 404: NoSuchEntityException. */
export function noSuchEntity(message: string, parameters?: MessageParameters): MagentoError {
  return new MagentoError(404, message, parameters && { parameters })
}

/** 400 for missing fields: the fault itself when there is one, a list when there are more (Magento: Framework/Exception/InputException.php). */
export function requiredFields(names: readonly string[]): MagentoError {
  const faults = names.map((fieldName) => ({
    message: '"%fieldName" is required. Enter and try again.',
    parameters: { fieldName },
  }))
  const [first] = faults
  if (first && faults.length === 1) return badRequest(first.message, first.parameters)
  return new MagentoError(400, 'One or more input exceptions have occurred.', { errors: faults })
}

/** The answer to anything thrown: what is not Magento's own is masked behind a report id. */
export function errorAnswer(error: unknown): Answer {
  if (!(error instanceof MagentoError)) return maskedError()
  const { parameters, errors, code, headers } = error.details
  const body = {
    message: error.message,
    ...(errors && { errors }),
    ...(code && { code }),
    ...(parameters && { parameters }),
  }
  return jsonAnswer(error.status, body, headers)
}

/** 500 as outside developer mode. */
export function maskedError(): Answer {
  const id = randomBytes(7).toString('hex').slice(0, 13)
  const message = `Internal Error. Details are available in Magento log file. Report ID: webapi-${id}`
  return jsonAnswer(500, { message })
}
