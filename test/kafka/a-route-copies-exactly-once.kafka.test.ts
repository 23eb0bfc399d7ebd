import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { kafka, type RouteOptions, route } from 'onewrite/kafka'
import { readTopic } from 'onewrite/testing'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { armFailpoint } from '../../src/lifecycle/failpoint.ts'
import type { Loop } from '../../src/lifecycle/loop.ts'
import { brokers, uniqueTopic } from '../support/broker.ts'
import { committedOffsets } from '../support/change-topic.ts'

const addresses = brokers().split(',')
const sender = kafka({ brokers: addresses })
const running: Loop[] = []
const children: ChildProcess[] = []
afterEach(() => Promise.all(running.splice(0).map((loop) => loop.stop())))
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await sender.close()
})

const patience = { timeout: 60_000 }
const partitions = 4

const topics = async (): Promise<{ readonly from: string; readonly to: string }> => {
  const [from, to] = [uniqueTopic('portal-event'), uniqueTopic('light-schedule')]
  await sender.publishing.createTopics([from, to].map((name) => ({ name, partitions })))
  return { from, to }
}

const send = async (topic: string, from: number, count: number): Promise<void> => {
  const publisher = await sender.publishing.publisher({ name: 'sender' })
  const numbers = Array.from({ length: count }, (_, index) => from + index)
  await publisher.publish(
    numbers.map((n) => ({ topic, key: `key-${n % 20}`, value: String(n), headers: { n: String(n) } })),
  )
  await publisher.close()
}

const start = (options: Omit<RouteOptions, 'kafka' | 'name'> & { readonly from: string }): Loop => {
  const loop = route({ name: options.from, kafka: { brokers: addresses, sessionTimeout: 6_000 }, ...options })
  running.push(loop)
  loop.start()
  return loop
}

const written = async (topic: string): Promise<number[]> =>
  (await readTopic(brokers(), topic)).map(({ value }) => Number(value)).sort((a, b) => a - b)

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const copy: RouteOptions['map'] = ({ key, value, headers }) => ({ key, value, headers })

it('filters, changes keys and splits', async () => {
  const { from, to } = await topics()
  await send(from, 0, 30)
  start({
    from,
    to,
    map: ({ value, headers }) => {
      const number = Number(value)
      if (number % 3 === 0) return undefined
      const routed = { key: `host-${number % 2}`, value, headers }
      return number % 3 === 1 ? routed : [routed, { ...routed, value: String(number + 1_000) }]
    },
  })
  const expected = numbers(30).flatMap((n) => (n % 3 === 0 ? [] : n % 3 === 1 ? [n] : [n, n + 1_000]))
  await vi.waitFor(async () => expect(await written(to)).toEqual(expected.sort((a, b) => a - b)), patience)
  const records = await readTopic(brokers(), to)
  expect(records.every(({ key, value }) => key === `host-${Number(value) % 2}`)).toBe(true)
  expect(records.every(({ headers, value }) => Number(headers['n']) === Number(value) % 1_000)).toBe(true)
})

it('writes nothing twice when it fails between the records and the commit, or after it', async () => {
  const { from, to } = await topics()
  await send(from, 0, 500)
  const disarm = [armFailpoint('route.sent', 'throw', 2), armFailpoint('route.committed', 'throw', 4)]
  const loop = start({ from, to, map: copy })
  await vi.waitFor(async () => expect(await written(to)).toHaveLength(500), patience)
  await send(from, 500, 500)
  await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(1_000)), patience)
  for (const undo of disarm) undo()
  await loop.stop()
  const all = await readTopic(brokers(), from)
  const ends = numbers(partitions).map(
    (partition) => all.filter((record) => record.partition === partition).length,
  )
  expect(await committedOffsets(from, from, partitions)).toEqual(ends)
})

const program = fileURLToPath(new URL('./route-process.ts', import.meta.url))

const startProcess = (from: string, to: string, failpoints = ''): ChildProcess => {
  const child = spawn(process.execPath, ['--import', 'tsx', program, brokers(), from, to, 'only'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ONEWRITE_FAILPOINTS: failpoints },
  })
  children.push(child)
  return child
}

it.each(['route.sent=kill@3', 'route.committed=kill@3'])('survives %s', async (failpoints) => {
  const { from, to } = await topics()
  await send(from, 0, 200)
  const killed = startProcess(from, to, failpoints)
  const exited = once(killed, 'exit')
  let sent = 200
  await vi.waitFor(async () => {
    await send(from, sent, 50)
    sent += 50
    expect(killed.signalCode).toBe('SIGKILL')
  }, patience)
  await exited
  startProcess(from, to)
  await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(sent)), patience)
})

const isStopped = (child: ChildProcess): boolean =>
  execFileSync('ps', ['-o', 'stat=', '-p', String(child.pid)], { encoding: 'utf8' }).startsWith('T')

it.each(['route.produced=stop@2', 'route.sent=stop@2'])(
  'writes nothing more for partitions that were taken meanwhile: %s',
  async (failpoints) => {
    const { from, to } = await topics()
    await send(from, 0, 200)
    const zombie = startProcess(from, to, failpoints)
    await vi.waitFor(() => expect(isStopped(zombie)).toBe(true), patience)
    const second = start({ from, to, map: copy })
    await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(200)), patience)
    zombie.kill('SIGCONT')
    await send(from, 200, 200)
    await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(400)), patience)
    await second.stop()
    await send(from, 400, 200)
    await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(600)), patience)
  },
  200_000,
)

it('moves partitions to a second instance without a gap or a repetition', async () => {
  const { from, to } = await topics()
  await send(from, 0, 300)
  const first = start({ from, to, map: copy })
  await vi.waitFor(async () => expect((await written(to)).length).toBeGreaterThan(0), patience)
  start({ from, to, map: copy })
  for (let sent = 300; sent < 1_300; sent += 100) await send(from, sent, 100)
  await vi.waitFor(async () => expect(await written(to)).toHaveLength(1_300), patience)
  await first.stop()
  await send(from, 1_300, 100)
  await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(1_400)), patience)
})

it('waits at a record that cannot be mapped, says which, and skips nothing', async () => {
  const { from, to } = await topics()
  await send(from, 0, 100)
  let mends = false
  const loop = start({
    from,
    to,
    map: (record) => {
      if (String(record.value) === '42' && !mends) throw new Error('no such host')
      return copy(record)
    },
  })
  await vi.waitFor(() => expect(loop.health()).toMatchObject({ state: 'degraded' }), patience)
  const [stuck] = (await readTopic(brokers(), from)).filter(({ value }) => String(value) === '42')
  expect(loop.health().reason).toContain(`${from}/${stuck?.partition}@${stuck?.offset}: no such host`)
  const others = (await readTopic(brokers(), from)).filter(
    ({ partition, offset }) => partition !== stuck?.partition || Number(offset) < Number(stuck.offset),
  )
  await vi.waitFor(async () => expect(await written(to)).toHaveLength(others.length), patience)
  mends = true
  await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(100)), patience)
  await vi.waitFor(() => expect(loop.health().state).toBe('up'), patience)
})

it('fixes what now means before the first record comes', async () => {
  const { from, to } = await topics()
  await send(from, 0, 40)
  const loop = start({ from, to, map: copy, begin: 'now' })
  await vi.waitFor(
    async () => expect(await committedOffsets(from, from, partitions)).not.toContain(undefined),
    patience,
  )
  await loop.stop()
  await send(from, 40, 40)
  start({ from, to, map: copy, begin: 'now' })
  await vi.waitFor(async () => expect(await written(to)).toEqual(numbers(80).slice(40)), patience)
})

it('names every fault of its options', () => {
  const bad = { name: 'a b', from: ['x', 'x y'], to: 'x', map: copy, kafka: { brokers: addresses } }
  expect(() => route(bad)).toThrow(/name: .*x y.*to: x is among those that are read/s)
})
