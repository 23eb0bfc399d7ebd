/** What Kafka would refuse in the name of a topic. */
export const topicFault = (topic: unknown): string | undefined => {
  if (typeof topic !== 'string' || topic === '') return 'a topic needs a name'
  if (topic === '.' || topic === '..') return `topic ${topic} is reserved`
  if (topic.length > 249) return `the topic is ${topic.length} characters, the limit is 249`
  if (!/^[a-zA-Z0-9._-]+$/.test(topic))
    return `topic ${JSON.stringify(topic)} may hold letters, digits, . _ and - only`
  return undefined
}
