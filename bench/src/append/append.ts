import type { Benchmark } from '../benchmark.ts'

export const append: Benchmark = {
  name: 'append',
  about: 'pending',
  needsKafka: false,
  measure: async () => ({ conditions: {}, tables: [], metrics: {}, rounds: [] }),
}
