export type { FirstFilter } from '../consumer/inbox/first-filter.ts'
export type { IoRedisClient, NodeRedisClient, RedisClient } from './client.ts'
export { type RedisFilterOptions, redisFilter } from './redis-filter.ts'
