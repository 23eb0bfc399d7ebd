// Starts every npm script of this repository on a bare clone: node stack/run.mjs <verb> [arguments]
// This file is read by whatever Node there is, so nothing newer than the version check may come before it.
const wanted = [20, 19]
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`onewrite: Node ${wanted.join('.')} or later is needed, this is ${process.version}`)
  console.error('  to fix: install a current Node from https://nodejs.org or with your version manager')
  process.exit(1)
}

import('./install/verbs.mjs').then(({ runVerb }) => runVerb(process.argv.slice(2)))
