import type { Verdict } from './verdict.ts'

/** Codes of Node, undici, postgres.js and Prisma for connections, by verdict. */
const codes: Readonly<Record<Exclude<Verdict, 'unknown'>, readonly string[]>> = {
  transient: [
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'ETIMEDOUT',
    'ESOCKETTIMEDOUT',
    // A name that does not resolve may be a mistake, or a service that is being started: time tells.
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'ENETRESET',
    'EADDRNOTAVAIL',
    'EMFILE',
    'ENFILE',
    'ERR_STREAM_PREMATURE_CLOSE',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_SOCKET',
    'CONNECT_TIMEOUT',
    'CONNECTION_CLOSED',
    'CONNECTION_DESTROYED',
    'CONNECTION_ENDED',
    'P1001',
    'P1002',
    'P1008',
    'P1017',
    'P2024',
    'P2034',
  ],
  permanent: [
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'EACCES',
    'P1000',
    'P1003',
  ],
}

const verdicts = new Map<string, Verdict>([
  ...codes.transient.map((code) => [code, 'transient'] as const),
  ...codes.permanent.map((code) => [code, 'permanent'] as const),
])

export const networkVerdict = (code: string): Verdict | undefined => verdicts.get(code)

/** node-postgres gives these no code. */
const connectionMessages = [
  'Connection terminated',
  'Client has encountered a connection error',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
]

export const connectionMessageVerdict = (message: string): Verdict | undefined =>
  connectionMessages.some((start) => message.startsWith(start)) ? 'transient' : undefined
