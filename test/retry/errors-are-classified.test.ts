import { describe, expect, it } from 'vitest'
import type { ErrorRow } from '../../src/error/error-row.ts'
import { OnewriteError } from '../../src/error/onewrite-error.ts'
import { errorTable } from '../../src/error/table.ts'
import { classify } from '../../src/retry/classify.ts'
import { kafkaCodes } from '../../src/retry/kafka-code.ts'
import type { Verdict } from '../../src/retry/verdict.ts'

const failure = (properties: object, message = 'failed'): Error =>
  Object.assign(new Error(message), properties)

describe('an error of PostgreSQL', () => {
  it.each<[string, Verdict, string]>([
    ['08000', 'transient', 'connection exception'],
    ['08006', 'transient', 'connection failure'],
    ['08P01', 'transient', 'protocol violation, as a pooler in between sends it'],
    ['40001', 'transient', 'serialisation failure'],
    ['40P01', 'transient', 'deadlock'],
    ['40003', 'transient', 'completion unknown'],
    ['40002', 'permanent', 'constraint found at commit'],
    ['53100', 'transient', 'disk full'],
    ['53200', 'transient', 'out of memory'],
    ['53300', 'transient', 'too many connections'],
    ['55P03', 'transient', 'lock not available'],
    ['55006', 'transient', 'object in use'],
    ['55000', 'permanent', 'object not in prerequisite state'],
    ['57P01', 'transient', 'administrator shut it down'],
    ['57P02', 'transient', 'crash'],
    ['57P03', 'transient', 'starting up'],
    ['57P04', 'permanent', 'database dropped'],
    ['57P05', 'transient', 'idle session timeout'],
    ['57014', 'transient', 'statement timeout'],
    ['58030', 'transient', 'I/O error'],
    ['25P02', 'permanent', 'code went on after a failed statement'],
    ['25P03', 'transient', 'idle in transaction for too long'],
    ['25P04', 'transient', 'transaction timeout'],
    ['25006', 'transient', 'read-only: no longer the primary'],
    ['22P02', 'permanent', 'invalid text representation'],
    ['22P05', 'permanent', 'untranslatable character'],
    ['22021', 'permanent', 'character not in repertoire'],
    ['23502', 'permanent', 'not null violation'],
    ['23503', 'permanent', 'foreign key violation'],
    ['23505', 'permanent', 'unique violation'],
    ['28P01', 'permanent', 'wrong password'],
    ['3D000', 'permanent', 'no such database'],
    ['3F000', 'permanent', 'no such schema'],
    ['42P01', 'permanent', 'no such table'],
    ['42501', 'permanent', 'insufficient privilege'],
    ['42601', 'permanent', 'syntax error'],
    ['54000', 'permanent', 'program limit exceeded'],
    ['0A000', 'permanent', 'feature not supported'],
    ['P0001', 'permanent', 'raised by a trigger'],
    ['XX000', 'unknown', 'internal error'],
    ['26000', 'unknown', 'no such prepared statement'],
    ['01000', 'unknown', 'warning'],
  ])('%s is %s: %s', (code, verdict) => {
    expect(classify(failure({ code }))).toBe(verdict)
  })

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'timeout exceeded when trying to connect',
    'Query read timeout',
  ])('without a code, as node-postgres throws it, is transient: %s', (message) => {
    expect(classify(new Error(message))).toBe('transient')
  })
})

describe('an error of the network', () => {
  it.each<[string, Verdict]>([
    ['ECONNREFUSED', 'transient'],
    ['ECONNRESET', 'transient'],
    // Has the shape of a SQLSTATE.
    ['EPIPE', 'transient'],
    ['ETIMEDOUT', 'transient'],
    ['ENOTFOUND', 'transient'],
    ['EAI_AGAIN', 'transient'],
    ['EHOSTUNREACH', 'transient'],
    ['ENETUNREACH', 'transient'],
    ['UND_ERR_CONNECT_TIMEOUT', 'transient'],
    ['CONNECTION_CLOSED', 'transient'],
    ['P2034', 'transient'],
    ['P1000', 'permanent'],
    ['CERT_HAS_EXPIRED', 'permanent'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'permanent'],
    ['ENOENT', 'unknown'],
    ['ERR_INVALID_ARG_TYPE', 'unknown'],
  ])('%s is %s', (code, verdict) => {
    expect(classify(failure({ code }))).toBe(verdict)
  })

  it('on a unix socket that is not there yet is transient', () => {
    expect(classify(failure({ code: 'ENOENT', syscall: 'connect' }))).toBe('transient')
  })

  it('that is a timeout of an AbortSignal is transient, an abort is nobody’s fault', async () => {
    const signal = AbortSignal.timeout(1)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    expect(classify(signal.reason)).toBe('transient')
    expect(classify(AbortSignal.abort().reason)).toBe('unknown')
  })
})

describe('an error of Kafka', () => {
  const kafka = (code: number) =>
    failure({ name: 'KafkaJSError', code, retriable: false, fatal: false, abortable: false })
  const rows = Object.entries(kafkaCodes).flatMap(([verdict, codes]) =>
    Object.entries(codes).map(([name, code]) => [name, code, verdict] as const),
  )

  it.each(rows)('%s (%i) is %s', (_, code, verdict) => {
    expect(classify(kafka(code))).toBe(verdict)
  })

  it('has one verdict for each code', () => {
    const codes = rows.map(([, code]) => code)
    expect(codes).toHaveLength(new Set(codes).size)
  })

  it.each<[string, object, Verdict]>([
    ['an unknown code and retriable', { code: 9999, retriable: true }, 'transient'],
    ['an unknown code and abortable', { code: 9999, abortable: true }, 'transient'],
    ['an unknown code and fatal: a new producer may go on', { code: 9999, fatal: true }, 'transient'],
    ['an unknown code and no flag', { code: 9999, retriable: false }, 'unknown'],
    ['a known code, against its flag', { code: 29, fatal: true }, 'permanent'],
    ['the name of a connection error', { name: 'KafkaJSConnectionError' }, 'transient'],
    ['the name of a wrong password', { name: 'KafkaJSSASLAuthenticationError' }, 'permanent'],
    ['the flags of node-rdkafka', { code: 9999, isRetriable: true }, 'transient'],
  ])('with %s is told: %j', (_, properties, verdict) => {
    expect(classify(failure(properties))).toBe(verdict)
  })

  it('is not seen in the number that another library calls its code', () => {
    expect(classify(failure({ code: 10 }))).toBe('unknown')
  })
})

describe('an error of onewrite', () => {
  it.each(Object.entries<ErrorRow>(errorTable))('%s is what its row says', (code, { retryable }) => {
    const error = Object.create(OnewriteError.prototype, {
      code: { value: code },
      retryable: { value: retryable },
    })
    expect(classify(error)).toBe(retryable ? 'transient' : 'permanent')
  })

  it('decides over its cause', () => {
    const cause = failure({ code: 'ECONNREFUSED' })
    const parameters = { topic: 'orders', cause: cause.message }
    expect(classify(new OnewriteError('PUBLISH_REFUSED', parameters, { cause }))).toBe('permanent')
  })
})

describe('an error around another', () => {
  const deadlock = failure({ code: '40P01' })

  it.each([
    ['a cause', new Error('query failed', { cause: deadlock })],
    ['a cause of a cause', new Error('a', { cause: new Error('b', { cause: deadlock }) })],
    ['one of several', new AggregateError([new Error('a'), deadlock])],
  ])('is told by %s', (_, error) => {
    expect(classify(error)).toBe('transient')
  })

  it('is told by the outermost that can be told', () => {
    expect(classify(failure({ code: '23505', cause: deadlock }))).toBe('permanent')
  })

  it('that is its own cause ends', () => {
    const loop = new Error('loop')
    loop.cause = loop
    expect(classify(loop)).toBe('unknown')
  })
})

it.each([[undefined], [null], ['ECONNREFUSED'], [42], [new Error('business')], [{}]])(
  '%j is unknown',
  (value) => {
    expect(classify(value)).toBe('unknown')
  },
)
