import { readdir, readFile } from 'node:fs/promises'
import type { Transaction } from 'onewrite'
import type { Recording } from './place-order.ts'

const folder = new URL('../sql/', import.meta.url)

// Any number that no other program of this database uses; instances that start together take turns.
const lock = 'select pg_advisory_xact_lock(8082, 1)'
const createLedger = `
  create table if not exists shop_migrations (
    name text primary key, applied_at timestamptz not null default now())`
const selectApplied = 'select name from shop_migrations'
const insertApplied = 'insert into shop_migrations (name) values ($1)'

const apply = async (tx: Transaction, name: string): Promise<void> => {
  await tx.query(await readFile(new URL(name, folder), 'utf8'))
  await tx.query(insertApplied, [name])
}

/** Applies the numbered files of `sql/` that were not applied yet, all in one transaction. */
export const migrateShop = async (recording: Recording): Promise<void> => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  await recording.transaction(async (tx) => {
    await tx.query(lock)
    await tx.query(createLedger)
    const { rows } = await tx.query<{ name: string }>(selectApplied)
    const applied = new Set(rows.map((row) => row.name))
    for (const name of files.filter((file) => !applied.has(file))) await apply(tx, name)
  })
}
