import { newId } from '../../../src/message/new-id.ts'

/** An order as a service would write it. */
export const orderData = {
  orderId: newId(),
  customerId: newId(),
  status: 'created',
  currency: 'EUR',
  totalAmount: '63.70',
  items: [
    { sku: 'SKU-4711', quantity: 3, price: '19.90' },
    { sku: 'SKU-0815', quantity: 1, price: '4.00' },
  ],
  note: 'leave at the door',
}
