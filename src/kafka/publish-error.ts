import { OnewriteError } from '../error/onewrite-error.ts'
import { publishRefused, type RefusedRecord } from '../transport/refused.ts'
import type { ClientError } from './client.ts'

/** Codes of the client and of the brokers. */
const fencedCodes = [-144, 47, 90]
const missingCodes = [-188, 3]
const authenticationCodes = [-169, 33, 34, 58]
/** Answers after which it is certain that these records were not and will not be written, as they are. */
const recordCodes = [
  -190, // a partition that the topic does not have
  10, // MSG_SIZE_TOO_LARGE
  18, // RECORD_LIST_TOO_LARGE
  32, // INVALID_TIMESTAMP
  43, // UNSUPPORTED_FOR_MESSAGE_FORMAT
  44, // POLICY_VIOLATION
  87, // INVALID_RECORD
]
/** The same for every record of the topic. */
const topicCodes = [
  17, // INVALID_TOPIC_EXCEPTION
  29, // TOPIC_AUTHORIZATION_FAILED
]
/** The same for everything this publisher sends: about its rights, not about any record. */
const publisherCodes = [
  31, // CLUSTER_AUTHORIZATION_FAILED
  53, // TRANSACTIONAL_ID_AUTHORIZATION_FAILED
]

/** Whether an answer is about the record it was given for, or about its topic. */
export const isAboutRecord = ({ code }: ClientError): boolean =>
  recordCodes.includes(code) || topicCodes.includes(code)

export interface Publishing {
  /** Of the publisher. */
  readonly name: string
  readonly brokers: string
  /** The topic the client named, where it named one. */
  readonly topic: string | undefined
  /** What the client's log said of a newer producer. */
  readonly fenced: boolean
  /** The records that the answer was given for, as far as they are known. */
  readonly refused?: readonly RefusedRecord[]
  /** Whether no other record went with them. */
  readonly exact?: boolean
}

const refusal = (error: ClientError, { topic = 'its topic', refused = [], exact = false }: Publishing) => {
  const { code, message } = error
  if (publisherCodes.includes(code) || refused.length === 0) {
    return new OnewriteError('PUBLISH_REFUSED', { topic, cause: message }, { cause: error })
  }
  const aboutTopic = topicCodes.includes(code)
  const scope = aboutTopic ? 'topic' : 'record'
  return publishRefused(
    topic,
    message,
    { scope, exact: exact || aboutTopic, records: refused },
    { cause: error },
  )
}

/** What an answer of the client means. Whatever is not certain is PUBLISH_UNKNOWN. */
export const publishError = (error: ClientError, publishing: Publishing): OnewriteError => {
  const { name, brokers, topic = 'its topic', fenced } = publishing
  const { code, message } = error
  const cause = message
  if (fenced || fencedCodes.includes(code)) return new OnewriteError('FENCED', { name }, { cause: error })
  if (missingCodes.includes(code)) return new OnewriteError('TOPIC_MISSING', { topic }, { cause: error })
  if (isAboutRecord(error) || publisherCodes.includes(code)) return refusal(error, publishing)
  if (authenticationCodes.includes(code)) {
    return new OnewriteError('BROKER_AUTHENTICATION', { brokers, cause }, { cause: error })
  }
  return new OnewriteError('PUBLISH_UNKNOWN', { cause }, { cause: error })
}
