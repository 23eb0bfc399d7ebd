import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { isOnewriteError } from 'onewrite'
import { OrderRefused } from './order.ts'
import { IdempotencyKeyReused } from './place-order.ts'

interface Fault {
  readonly path: string
  readonly message: string
}

interface Answer {
  readonly status: number
  readonly body: { readonly error: string; readonly faults?: readonly Fault[] }
}

const refusal = (status: number, error: string): Answer => ({ status, body: { error } })

const faulty = (faults: readonly Fault[]): Answer => {
  const error = faults[0]?.message ?? 'invalid request'
  return { status: 400, body: faults.length > 1 ? { error, faults } : { error } }
}

const unavailable = refusal(503, 'the service cannot record orders at the moment; try again')

const statusOf = (error: unknown): number =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500

/** What a client is told; undefined for a failure that is not its business. */
const answerTo = (error: unknown): Answer | undefined => {
  if (hasZodFastifySchemaValidationErrors(error)) {
    return faulty(
      error.validation.map(({ instancePath, message }) => ({
        path: instancePath,
        message: message ?? 'invalid',
      })),
    )
  }
  if (error instanceof OrderRefused) return faulty(error.faults.map((message) => ({ path: '/', message })))
  if (error instanceof IdempotencyKeyReused) return refusal(422, error.message)
  if (isOnewriteError(error) && error.retryable) return unavailable
  const status = statusOf(error)
  if (status === 503) return unavailable
  return status < 500 && error instanceof Error ? refusal(status, error.message) : undefined
}

const log = (logger: FastifyBaseLogger, error: unknown, status: number): void => {
  if (status >= 500) logger.error({ err: error }, 'request failed')
}

export const answerError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const { status, body } = answerTo(error) ?? refusal(500, 'internal error')
  log(request.log, error, status)
  if (status === 503) reply.header('retry-after', '1')
  reply.code(status).send(body)
}
