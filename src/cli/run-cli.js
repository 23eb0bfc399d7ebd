import { CommanderError } from 'commander';
import { OnewriteError } from '../error/onewrite-error.js';
import { describeFailure, secretsOf } from './failure.js';
import { exitCodes, toJson } from './outcome.js';
import { buildProgram } from './program.js';
import { commandRunner } from './run-command.js';
const line = (text) => (text.endsWith('\n') ? text : `${text}\n`);
/** Help and version were asked for; everything else that commander throws is a wrong usage. */
const isAnswer = (error) => error.exitCode === 0;
const usageError = ({ message }) => new OnewriteError('INVALID_USAGE', {
    fault: message.replace(/^error: /, '').replaceAll('\n', ' '),
    fix: 'Add --help to the command to see what it takes.',
});
/** Every secret that a message could repeat: of the options as of the environment. */
const secretsIn = (argv, { env }) => [...argv, env['DATABASE_URL'] ?? ''].flatMap((text) => secretsOf(text.replace(/^--[a-z-]+=/, '')));
/** Commander writes help; its faults are written here, as all others are. */
const directTo = (command, terminal) => {
    const { out, err } = terminal;
    command.configureOutput({ writeOut: out, writeErr: err, outputError: () => undefined });
    for (const child of command.commands)
        directTo(child, terminal);
};
/** A command without the subcommand it needs: commander has shown its help. */
const lacksSubcommand = (error) => error instanceof CommanderError && error.code === 'commander.help';
/** Runs one command and answers with the exit code. Never throws. */
export const runCli = async (argv, terminal) => {
    const results = [];
    const program = buildProgram(commandRunner(terminal, (result) => void results.push(result)));
    directTo(program, terminal);
    try {
        await program.parseAsync(argv, { from: 'user' });
        for (const { outcome, json } of results)
            terminal.out(line(json ? toJson(outcome.json) : outcome.text));
        return results.some(({ outcome }) => outcome.healthy === false) ? exitCodes.unhealthy : exitCodes.ok;
    }
    catch (error) {
        if (error instanceof CommanderError && isAnswer(error))
            return exitCodes.ok;
        if (lacksSubcommand(error))
            return exitCodes.usage;
        const known = error instanceof CommanderError ? usageError(error) : error;
        const failure = describeFailure(known, secretsIn(argv, terminal));
        if (argv.includes('--json'))
            terminal.out(line(toJson(failure.json)));
        else
            terminal.err(line(failure.text));
        return failure.exitCode;
    }
};
