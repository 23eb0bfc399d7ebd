import { readFileSync, writeFileSync } from 'node:fs'
import { completeLockfile, type Lockfile, missingPlatformPackages } from './complete-lockfile.ts'

const file = new URL('../../package-lock.json', import.meta.url)
const lockfile: Lockfile = JSON.parse(readFileSync(file, 'utf8'))
const missing = missingPlatformPackages(lockfile)
if (missing.length > 0) writeFileSync(file, `${JSON.stringify(completeLockfile(lockfile), null, 2)}\n`)
console.log(`${missing.length} packages of other platforms added to package-lock.json`)
