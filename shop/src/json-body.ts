import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isSafeNumber, parse } from 'lossless-json'

/** A request body that is not JSON. */
export class InvalidJson extends Error {
  override readonly name = 'InvalidJson'
  readonly statusCode = 400
}

// JSON.parse would round 99999999.990000001 to a price that fits before anything could refuse it: a
// number that a double cannot hold stays text.
const exactNumber = (text: string): number | string => (isSafeNumber(text) ? Number(text) : text)

const parseBody = (text: string): unknown => {
  try {
    return parse(text, undefined, exactNumber)
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'nested too deeply'
    throw new InvalidJson(`request body is not valid JSON: ${reason}`, { cause: error })
  }
}

export const readJsonBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: FastifyRequest, body: string) => parseBody(body),
  )
}
