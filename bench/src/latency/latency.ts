import type { Benchmark } from '../benchmark.ts'

export const latency: Benchmark = {
  name: 'latency',
  about: 'pending',
  needsKafka: false,
  measure: async () => ({ conditions: {}, tables: [], metrics: {}, rounds: [] }),
}
