import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { brokerAnswers } from '../../stack/src/broker-answers.ts'

const kafkaModule = new URL('../../stack/src/kafka.ts', import.meta.url).href

/** Prints the address, and a second line once the broker was killed, when asked to. */
const script = `
const { startKafka } = await import(${JSON.stringify(kafkaModule)})
const kafka = await startKafka()
if (process.env.KILL_FIRST === 'yes') await kafka.kill()
console.log(kafka.brokers)
setInterval(() => {}, 60_000)
`

const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step()
})

const startParent = async (extra: NodeJS.ProcessEnv) => {
  const folder = mkdtempSync(join(tmpdir(), 'onewrite-parent-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  const { KAFKA_BROKERS: _, ...rest } = process.env
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env: { ...rest, ...extra, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  undo.push(() => parent.kill('SIGKILL'))
  const [line]: unknown[] = await once(createInterface(parent.stdout), 'line')
  const homes = () => readdirSync(folder).filter((name) => name.startsWith('onewrite-kafka-'))
  return { parent, homes, port: Number(String(line).split(':')[1]) }
}

const kill = async (parent: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  const gone = once(parent, 'exit')
  parent.kill(signal)
  await gone
}

test('a broker and its data end with the process that started it, killed or not', async () => {
  const { parent, homes, port } = await startParent({})
  expect(await brokerAnswers('127.0.0.1', port)).toBe(true)
  expect(homes().length).toBe(1)
  await kill(parent, 'SIGKILL')
  await expect.poll(homes, { timeout: 20_000 }).toEqual([])
  expect(await brokerAnswers('127.0.0.1', port)).toBe(false)
}, 120_000)

test('the data of a broker that is down ends with the process that started it', async () => {
  const { parent, homes } = await startParent({ KILL_FIRST: 'yes' })
  expect(homes().length).toBe(1)
  await kill(parent, 'SIGINT')
  await expect.poll(homes, { timeout: 20_000 }).toEqual([])
}, 120_000)
