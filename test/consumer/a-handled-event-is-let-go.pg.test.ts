import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { counting, expectEffects, manyCounted, openScene, upTo, write } from './scene.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

it('a consumer keeps nothing of what it has handled, also where handlers listen to their signal', async () => {
  const scene = await openScene()
  const seen: WeakRef<object>[] = []
  scene.start(
    counting('forgetful', async (handling) => {
      seen.push(new WeakRef(handling.event))
      handling.signal.addEventListener('abort', () => void handling.event.data)
      await write(handling)
      return undefined
    }),
  )
  await scene.send(manyCounted(['a', 'b', 'c', 'd'], 250))
  await expectEffects(scene, { a: upTo(250), b: upTo(250), c: upTo(250), d: upTo(250) })
  const kept = (): number => {
    collectGarbage()
    return seen.filter((one) => one.deref() !== undefined).length
  }
  await expect.poll(kept, { timeout: 10_000 }).toBeLessThan(50)
  expect(seen.length).toBeGreaterThanOrEqual(1_000)
  await scene.close()
})
