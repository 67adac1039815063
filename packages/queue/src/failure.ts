import { AppError, ERROR_CODES, type ErrorCode } from '@bg-ingest/domain'

export interface Failure {
  readonly code: ErrorCode
  readonly detail: string
}

/** What Redis keeps of an error: code and message of an AppError, both safe by its contract; nothing of any other. */
export const failedReason = (error: AppError): string => `${error.code}: ${error.message}`

const REASON = /^([a-z_]+): (.*)$/s

/** Reads `failedReason` back. BullMQ writes reasons of its own ("job stalled more than allowable limit"). */
export function parseFailure(reason: string | undefined): Failure {
  const [, code = '', detail = ''] = REASON.exec(reason ?? '') ?? []
  if (!isErrorCode(code)) return { code: 'internal_error', detail: ERROR_CODES.internal_error.title }
  // A 500 tells the outside no internal text (contract 3).
  return { code, detail: ERROR_CODES[code].status === 500 ? ERROR_CODES[code].title : detail }
}

export const toAppError = (err: unknown): AppError => {
  if (err instanceof AppError) return err
  return new AppError('internal_error', ERROR_CODES.internal_error.title, { cause: err })
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code)
