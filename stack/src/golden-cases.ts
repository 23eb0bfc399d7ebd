import { type GoldenCase, golden, jsonConverter, jsonWithSchemas, row } from './golden-case.ts'
import { columnCases } from './golden-cases-columns.ts'
import { fieldCases } from './golden-cases-fields.ts'
import { jsonCases } from './golden-cases-json.ts'
import { messageCases } from './golden-cases-messages.ts'
import { payloadCases } from './golden-cases-payload.ts'
import { placementCases } from './golden-cases-placement.ts'
import { portalEventCases } from './golden-cases-portal-event.ts'
import { routingCases } from './golden-cases-routing.ts'
import { typeCases } from './golden-cases-types.ts'

const standardCases: readonly GoldenCase[] = [
  golden({ name: 'defaults', about: 'a row of the standard table with nothing configured' }),
  golden({
    name: 'defaults-json',
    about: 'the same through JsonConverter without schemas: key and payload become JSON strings',
    converters: { key: jsonConverter, value: jsonConverter },
  }),
  golden({
    name: 'defaults-json-schemas',
    about: 'the same through JsonConverter with schemas',
    converters: { key: jsonWithSchemas, value: jsonWithSchemas },
  }),
  golden({
    name: 'defaults-json-headers',
    about: 'the header id through JsonConverter',
    converters: { header: jsonConverter },
  }),
  golden({
    name: 'defaults-json-schemas-headers',
    about: 'the header id through JsonConverter with schemas',
    converters: { header: jsonWithSchemas },
  }),
  golden({
    name: 'several-aggregate-types',
    about: 'each aggregate type has a topic of its own, and keys choose the partition',
    inserts: [
      row({ n: 1, aggregate: 'Order' }),
      row({ n: 2, aggregate: 'Customer' }),
      row({ n: 3, aggregate: 'order' }),
      row({ n: 4, aggregate: 'Order', key: 'ключ' }),
      row({ n: 5, aggregate: 'Order', key: '' }),
    ],
  }),
]

export const goldenCases: readonly GoldenCase[] = [
  ...standardCases,
  ...fieldCases,
  ...placementCases,
  ...jsonCases,
  ...payloadCases,
  ...routingCases,
  ...portalEventCases,
  ...messageCases,
  ...columnCases,
  ...typeCases,
]
