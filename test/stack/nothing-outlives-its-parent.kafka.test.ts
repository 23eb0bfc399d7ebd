import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { brokerAnswers } from '../../stack/src/broker-answers.ts'

const kafkaModule = new URL('../../stack/src/kafka.ts', import.meta.url).href

const script = `
const { startKafka } = await import(${JSON.stringify(kafkaModule)})
const kafka = await startKafka()
console.log(kafka.brokers)
setInterval(() => {}, 60_000)
`

const open: (() => void)[] = []
afterEach(() => {
  for (const end of open.splice(0)) end()
})

const startParent = async () => {
  const { KAFKA_BROKERS: _, ...env } = process.env
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  open.push(() => parent.kill('SIGKILL'))
  const [line]: unknown[] = await once(createInterface(parent.stdout), 'line')
  return { parent, port: Number(String(line).split(':')[1]) }
}

test.each(['SIGKILL', 'SIGINT'] as const)(
  'a broker ends with the process that started it (%s)',
  async (signal) => {
    const { parent, port } = await startParent()
    expect(await brokerAnswers('127.0.0.1', port)).toBe(true)
    parent.kill(signal)
    await once(parent, 'exit')
    await expect.poll(() => brokerAnswers('127.0.0.1', port), { timeout: 10_000 }).toBe(false)
  },
)
