import type { Verdict } from './verdict.ts'

/**
 * Codes of the Kafka protocol (from 0) and of librdkafka itself (below 0). Transient includes what is
 * transient only for a new producer: fencing, and every result that leaves the outcome open.
 */
export const kafkaCodes = {
  transient: {
    _TRANSPORT: -195,
    _RESOLVE: -193,
    _MSG_TIMED_OUT: -192,
    _UNKNOWN_PARTITION: -190,
    _UNKNOWN_TOPIC: -188,
    _ALL_BROKERS_DOWN: -187,
    _TIMED_OUT: -185,
    _QUEUE_FULL: -184,
    _ISR_INSUFF: -183,
    _WAIT_COORD: -180,
    _IN_PROGRESS: -178,
    _PREV_IN_PROGRESS: -177,
    _CONFLICT: -173,
    _STATE: -172,
    _TIMED_OUT_QUEUE: -166,
    _WAIT_CACHE: -164,
    _INTR: -163,
    _RETRY: -153,
    _PURGE_QUEUE: -152,
    _PURGE_INFLIGHT: -151,
    _FATAL: -150,
    _GAPLESS_GUARANTEE: -148,
    _MAX_POLL_EXCEEDED: -147,
    _FENCED: -144,
    _ASSIGNMENT_LOST: -142,
    INVALID_MSG: 2,
    UNKNOWN_TOPIC_OR_PART: 3,
    LEADER_NOT_AVAILABLE: 5,
    NOT_LEADER_FOR_PARTITION: 6,
    REQUEST_TIMED_OUT: 7,
    BROKER_NOT_AVAILABLE: 8,
    REPLICA_NOT_AVAILABLE: 9,
    NETWORK_EXCEPTION: 13,
    COORDINATOR_LOAD_IN_PROGRESS: 14,
    COORDINATOR_NOT_AVAILABLE: 15,
    NOT_COORDINATOR: 16,
    NOT_ENOUGH_REPLICAS: 19,
    NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
    ILLEGAL_GENERATION: 22,
    UNKNOWN_MEMBER_ID: 25,
    REBALANCE_IN_PROGRESS: 27,
    NOT_CONTROLLER: 41,
    OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
    INVALID_PRODUCER_EPOCH: 47,
    INVALID_TXN_STATE: 48,
    INVALID_PRODUCER_ID_MAPPING: 49,
    CONCURRENT_TRANSACTIONS: 51,
    TRANSACTION_COORDINATOR_FENCED: 52,
    KAFKA_STORAGE_ERROR: 56,
    UNKNOWN_PRODUCER_ID: 59,
    FENCED_LEADER_EPOCH: 74,
    UNKNOWN_LEADER_EPOCH: 75,
    STALE_BROKER_EPOCH: 77,
    OFFSET_NOT_AVAILABLE: 78,
    UNSTABLE_OFFSET_COMMIT: 88,
    THROTTLING_QUOTA_EXCEEDED: 89,
    PRODUCER_FENCED: 90,
    UNKNOWN_TOPIC_ID: 100,
    FENCED_MEMBER_EPOCH: 110,
    STALE_MEMBER_EPOCH: 113,
    TRANSACTION_ABORTABLE: 120,
    REBOOTSTRAP_REQUIRED: 129,
  },
  permanent: {
    _BAD_MSG: -199,
    _INVALID_ARG: -186,
    _SSL: -181,
    _UNKNOWN_PROTOCOL: -171,
    _NOT_IMPLEMENTED: -170,
    _AUTHENTICATION: -169,
    _UNSUPPORTED_FEATURE: -165,
    _INVALID_TYPE: -154,
    _NOT_CONFIGURED: -145,
    INVALID_MSG_SIZE: 4,
    MSG_SIZE_TOO_LARGE: 10,
    OFFSET_METADATA_TOO_LARGE: 12,
    TOPIC_EXCEPTION: 17,
    RECORD_LIST_TOO_LARGE: 18,
    INVALID_REQUIRED_ACKS: 21,
    INCONSISTENT_GROUP_PROTOCOL: 23,
    INVALID_GROUP_ID: 24,
    TOPIC_AUTHORIZATION_FAILED: 29,
    GROUP_AUTHORIZATION_FAILED: 30,
    CLUSTER_AUTHORIZATION_FAILED: 31,
    INVALID_TIMESTAMP: 32,
    UNSUPPORTED_SASL_MECHANISM: 33,
    ILLEGAL_SASL_STATE: 34,
    UNSUPPORTED_VERSION: 35,
    INVALID_PARTITIONS: 37,
    INVALID_REPLICATION_FACTOR: 38,
    INVALID_CONFIG: 40,
    INVALID_REQUEST: 42,
    UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
    POLICY_VIOLATION: 44,
    INVALID_TRANSACTION_TIMEOUT: 50,
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
    SECURITY_DISABLED: 54,
    SASL_AUTHENTICATION_FAILED: 58,
    UNSUPPORTED_COMPRESSION_TYPE: 76,
    INVALID_RECORD: 87,
  },
} as const satisfies Record<Exclude<Verdict, 'unknown'>, Readonly<Record<string, number>>>

/** Errors of the clients that carry no code of the protocol. */
const names: Readonly<Record<string, Verdict>> = {
  KafkaJSConnectionError: 'transient',
  KafkaJSConnectionClosedError: 'transient',
  KafkaJSRequestTimeoutError: 'transient',
  KafkaJSTimeout: 'transient',
  KafkaJSNoBrokerAvailableError: 'transient',
  KafkaJSBrokerNotFound: 'transient',
  KafkaJSGroupCoordinatorNotFound: 'transient',
  KafkaJSSASLAuthenticationError: 'permanent',
  KafkaJSNotImplemented: 'permanent',
}

const rows = (verdict: Exclude<Verdict, 'unknown'>): (readonly [number, Verdict])[] =>
  Object.values(kafkaCodes[verdict]).map((code) => [code, verdict])

const verdicts = new Map<unknown, Verdict>([...rows('transient'), ...rows('permanent')])

const flags = ['retriable', 'abortable', 'fatal', 'isRetriable', 'isTxnRequiresAbort', 'isFatal']

/** Numbers are codes of many things; only an error of a Kafka client is read as one. */
const isKafkaError = (error: ReadonlyMap<string, unknown>): boolean =>
  /^(KafkaJS|LibrdKafka)/.test(String(error.get('name'))) ||
  flags.some((flag) => typeof error.get(flag) === 'boolean')

/**
 * The code decides. Without a known code a flag does: `retriable` and `abortable` call for the same again,
 * `fatal` for a new producer, which is again the same from the caller's side.
 */
export const kafkaVerdict = (error: ReadonlyMap<string, unknown>): Verdict | undefined => {
  if (!isKafkaError(error)) return undefined
  const known = verdicts.get(error.get('code')) ?? names[String(error.get('name'))]
  if (known !== undefined) return known
  return flags.some((flag) => error.get(flag) === true) ? 'transient' : undefined
}
