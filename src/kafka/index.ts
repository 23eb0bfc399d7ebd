export { type KafkaTransport, kafka } from './kafka.ts'
export type { KafkaOptions, KafkaSasl, KafkaTls } from './options.ts'
export { type RouteOptions, route } from './route.ts'
export type { Routed, RouteMap } from './route-flow.ts'
