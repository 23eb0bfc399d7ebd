#!/usr/bin/env node
import { runCli } from './run-cli.js';
const interrupted = new AbortController();
// The second Ctrl-C ends the process as usual.
process.once('SIGINT', () => interrupted.abort());
process.exitCode = await runCli(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    env: process.env,
    interactive: process.stderr.isTTY === true,
    signal: interrupted.signal,
});
