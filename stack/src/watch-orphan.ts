import { spawn } from 'node:child_process'

const endProcess = `
cat > /dev/null
kill -9 "$1" 2> /dev/null
while kill -0 "$1" 2> /dev/null; do sleep 0.1; done
test -z "$2" || rm -rf "$2"
`

/** The pid is read when it is needed: a broker is killed and started again many times in one folder. */
const endHome = `
cat > /dev/null
pid=$(cat "$1/pid" 2> /dev/null) && kill -9 "$pid" 2> /dev/null
while test -n "$pid" && kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
test "$2" = keep || rm -rf "$1"
`

const endContainer = `
cat > /dev/null
docker rm --force --volumes "$1" > /dev/null 2>&1
`

/**
 * Runs the script once this process is gone, however it went: a pipe from here to a shell closes even after SIGKILL,
 * where no exit handler runs. Returns the function that calls the watch off.
 */
const afterThisProcess = (script: string, parameters: readonly string[]): (() => void) => {
  const watcher = spawn('sh', ['-c', script, 'sh', ...parameters], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Ctrl-C goes to the whole group of the terminal; the watch has to outlive it.
    detached: true,
  })
  watcher.unref()
  const pipe = watcher.stdin
  pipe.on('error', () => {})
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
  return () => {
    watcher.kill('SIGKILL')
    pipe.destroy()
  }
}

/** Kills `pid` and removes `folder`, where one is given, once this process is gone. */
export const watchOrphan = (pid: number, folder = ''): (() => void) =>
  afterThisProcess(endProcess, [String(pid), folder])

/** Kills the process named by the file `pid` in the folder, if any, once this process is gone, and removes the folder. */
export const watchHome = (folder: string, keepFolder: boolean): (() => void) =>
  afterThisProcess(endHome, [folder, keepFolder ? 'keep' : 'remove'])

/** Removes the container once this process is gone. */
export const watchContainer = (id: string): (() => void) => afterThisProcess(endContainer, [id])
