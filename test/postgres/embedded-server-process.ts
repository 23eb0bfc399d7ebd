import { embedded } from '../../src/postgres/embedded.ts'

// Run as a program of its own: starts the server of a directory, says so, and exits without stopping it, like a
// program that forgot to, when its input ends.
const [directory = ''] = process.argv.slice(2)
const server = embedded({ directory, settings: { fsync: 'off' } })
console.log(await server.start())
process.stdin.on('end', () => process.exit(0)).resume()
