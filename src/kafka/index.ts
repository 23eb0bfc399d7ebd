export { type KafkaTransport, kafka } from './kafka.ts'
export type { KafkaOptions, KafkaSasl, KafkaTls } from './options.ts'
