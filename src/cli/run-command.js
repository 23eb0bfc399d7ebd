import { OnewriteError } from '../error/onewrite-error.js';
import { silentLogger } from '../lifecycle/logger.js';
import { pgDatabase } from '../postgres/pg-database.js';
const commonOf = (options, { env }) => {
    const { databaseUrl = env['DATABASE_URL'], schema } = options;
    if (typeof databaseUrl === 'string' && databaseUrl !== '')
        return { url: databaseUrl, schema: String(schema) };
    throw new OnewriteError('INVALID_USAGE', {
        fault: 'no database is named',
        fix: 'Give --database-url postgres://user@host:5432/database, or set DATABASE_URL.',
    });
};
/** A line that overwrites the one before. */
const progressOn = ({ interactive, err }) => (text) => {
    if (interactive)
        err(`\r\u001b[2K${text}`);
};
const loggerOn = (progress) => ({
    ...silentLogger,
    info: (_fields, message) => progress(message),
});
/** The actions of one run of the program: each opens the database, works, closes it and hands over its outcome. */
export const commandRunner = (terminal, finished) => (command, work) => command
    .option('--database-url <url>', 'PostgreSQL with the log (default: DATABASE_URL)')
    .option('--schema <name>', 'schema of the log', 'onewrite')
    .option('--json', 'print one JSON document')
    .action(async () => {
    const options = command.opts();
    const { url, schema } = commonOf(options, terminal);
    const database = pgDatabase({ url, schema, applicationName: 'onewrite cli', max: 4 });
    const progress = progressOn(terminal);
    try {
        const { signal } = terminal;
        const logger = loggerOn(progress);
        const parameters = [...command.processedArgs].flat().map(String);
        const outcome = await work({ database, url, options, parameters, progress, logger, signal });
        finished({ outcome, json: options['json'] === true });
    }
    finally {
        progress('');
        await database.close();
    }
});
