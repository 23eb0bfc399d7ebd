const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** @param {number} started */
const seconds = (started) => `${((performance.now() - started) / 1000).toFixed(1)} s`

/** @param {string} line */
export const say = (line) => process.stderr.write(`onewrite: ${line}\n`)

/**
 * @param {string} title
 * @param {number} started
 */
const spin = (title, started) => {
  let frame = 0
  const timer = setInterval(() => {
    process.stderr.write(`\r${frames[frame++ % frames.length]} ${title} ${seconds(started)} `)
  }, 100)
  return () => {
    clearInterval(timer)
    process.stderr.write('\r\u001b[K')
  }
}

/** @param {string} title */
const announce = (title) => {
  say(`${title} …`)
  return () => {}
}

/**
 * Runs one step and reports it on stderr, so that stdout stays the program's own. The spinner is for people; a
 * log gets a line at the start, because some steps take more than a minute.
 *
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export const step = async (title, work) => {
  const started = performance.now()
  const clear = process.stderr.isTTY ? spin(title, started) : announce(title)
  let ending = 'failed after'
  try {
    const value = await work()
    ending = 'done in'
    return value
  } finally {
    clear()
    say(`${title}: ${ending} ${seconds(started)}`)
  }
}
