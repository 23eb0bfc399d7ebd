import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { napDuringBursts } from '../../src/postgres/nap.ts'

const send = (socket: PassThrough, chunks: number, bytes: number): boolean => {
  for (let index = 0; index < chunks; index += 1) socket.emit('data', Buffer.alloc(bytes))
  return socket.isPaused()
}

it('rests after eight small chunks in a row, and goes on by itself', async () => {
  const socket = new PassThrough()
  napDuringBursts(socket, () => true)
  expect(send(socket, 7, 100)).toBe(false)
  expect(send(socket, 1, 100)).toBe(true)
  await expect.poll(() => socket.isPaused()).toBe(false)
})

it('does not rest for large chunks, which the kernel has gathered already', () => {
  const socket = new PassThrough()
  napDuringBursts(socket, () => true)
  expect(send(socket, 20, 32 * 1024)).toBe(false)
})

it('stays paused where somebody else wants that', async () => {
  const socket = new PassThrough()
  let asked = 0
  napDuringBursts(socket, () => {
    asked += 1
    return false
  })
  expect(send(socket, 8, 100)).toBe(true)
  await expect.poll(() => asked).toBe(1)
  expect(socket.isPaused()).toBe(true)
})
