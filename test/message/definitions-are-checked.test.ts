import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DuplicateDefinitionError, InvalidDefinitionError } from '../../src/error/classes.ts'
import { catalogue } from '../../src/message/catalogue.ts'
import { event } from '../../src/message/event.ts'

const options = { aggregate: 'order', id: () => 'o-1', data: z.object({}) }
const same = (old: object) => old

describe('a definition', () => {
  it('is refused with all its faults at once', () => {
    const wrong = {
      aggregate: 'or der',
      version: 1.5,
      topic: '..',
      maxEventBytes: 0,
      data: {},
      id: 'x',
      verison: 2,
    }
    // @ts-expect-error every option is wrong
    const define = () => event('Order..created', wrong)
    expect(define).toThrow(InvalidDefinitionError)
    for (const fault of [
      'the type "Order..created" must be words',
      'aggregate "or der" must be words',
      'id must be a function of the data',
      'version must be a whole number from 1',
      'data must be a Standard Schema',
      'topic .. is reserved',
      'maxEventBytes must be a whole number from 1',
      'unknown option verison, did you mean version?',
    ]) {
      expect(define).toThrow(fault)
    }
  })

  it.each([
    ['a gap in the upcasters', 4, { 1: same, 3: same }, 'upcast lacks version 2'],
    ['an upcaster from the latest version', 2, { 1: same, 2: same }, 'upcast from "2" leads nowhere'],
    ['an upcaster from version 0', 2, { 0: same, 1: same }, 'upcast from "0" leads nowhere'],
    ['upcasters without a version', undefined, { 1: same }, 'upcast from "1" leads nowhere'],
  ])('with %s is refused', (_, version, upcast, fault) => {
    const given = version === undefined ? { ...options, upcast } : { ...options, version, upcast }
    expect(() => event('order.created', given)).toThrow(fault)
  })

  it.each(['order.created', 'OrderCreated', 'order-created', 'order_created.v2', 'a', 'a'.repeat(200)])(
    'may be named %s',
    (type) => {
      expect(event(type, options).type).toBe(type)
    },
  )

  it.each([
    '',
    '.',
    'order.',
    '.order',
    'order created',
    'order\n',
    'bestellung.geprüft',
    '1st',
    'onewrite.dead-letter',
    'a'.repeat(201),
  ])('may not be named %j', (type) => {
    expect(() => event(type, options)).toThrow(InvalidDefinitionError)
  })

  it('is refused in time that does not explode with the length of its name', () => {
    expect(() => event(`${'a'.repeat(200_000)}!`, options)).toThrow('the limit is 200')
  })
})

describe('a catalogue', () => {
  const One = event('order.created', options)
  const Other = event('order.created', options)

  it('refuses two definitions of one type, whichever wins would be chance', () => {
    expect(() => catalogue([One, Other])).toThrow(DuplicateDefinitionError)
  })

  it('accepts the same definition twice: two consumers may name it', () => {
    expect([...catalogue([One, One]).keys()]).toEqual(['order.created'])
  })
})
