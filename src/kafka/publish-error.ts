import { OnewriteError } from '../error/onewrite-error.ts'
import type { ClientError } from './client.ts'

/** Codes of the client and of the brokers. */
const fencedCodes = [-144, 47, 90]
const missingCodes = [-188, 3]
const authenticationCodes = [-169, 33, 34, 58]
/** Answers after which it is certain that this record was not and will not be written. */
const refusedCodes = [
  -190, // a partition that the topic does not have
  10, // MSG_SIZE_TOO_LARGE
  17, // INVALID_TOPIC_EXCEPTION
  18, // RECORD_LIST_TOO_LARGE
  29, // TOPIC_AUTHORIZATION_FAILED
  31, // CLUSTER_AUTHORIZATION_FAILED
  32, // INVALID_TIMESTAMP
  43, // UNSUPPORTED_FOR_MESSAGE_FORMAT
  44, // POLICY_VIOLATION
  53, // TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  87, // INVALID_RECORD
]

export interface Publishing {
  /** Of the publisher. */
  readonly name: string
  readonly brokers: string
  /** The topic the client named, where it named one. */
  readonly topic: string | undefined
  /** What the client's log said of a newer producer. */
  readonly fenced: boolean
}

/** What an answer of the client means. Whatever is not certain is PUBLISH_UNKNOWN. */
export const publishError = (
  error: ClientError,
  { name, brokers, topic = 'its topic', fenced }: Publishing,
): OnewriteError => {
  const { code, message } = error
  const cause = message
  if (fenced || fencedCodes.includes(code)) return new OnewriteError('FENCED', { name }, { cause: error })
  if (missingCodes.includes(code)) return new OnewriteError('TOPIC_MISSING', { topic }, { cause: error })
  if (refusedCodes.includes(code)) {
    return new OnewriteError('PUBLISH_REFUSED', { topic, cause }, { cause: error })
  }
  if (authenticationCodes.includes(code)) {
    return new OnewriteError('BROKER_AUTHENTICATION', { brokers, cause }, { cause: error })
  }
  return new OnewriteError('PUBLISH_UNKNOWN', { cause }, { cause: error })
}
