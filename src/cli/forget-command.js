import { forgetReader } from '../admin/forget-reader.js';
import { examples } from './examples.js';
const text = ({ kind, name, position, slot, dryRun }) => {
    const what = `${kind} ${name}, ${position === undefined ? 'without a checkpoint' : `at position ${position}`}`;
    const also = slot === undefined ? '' : `, and its replication slot ${slot}`;
    return `${dryRun ? 'would forget' : 'forgot'} ${what}${also}`;
};
/** `relay forget` and `group forget`. */
export const forgetCommand = (parent, run, kind) => {
    const command = parent
        .command('forget')
        .description(`Forget a ${kind} that is gone for good, so that nothing is held back for it`)
        .argument('<name>', `name of the ${kind}`)
        .option('--dry-run', 'only say what would be forgotten')
        .addHelpText('after', `
Refused while an instance of it runs. Should it come back, it stops where events it had not read were dropped.
${examples([`onewrite ${kind} forget old-orders --dry-run`, 'what is held back for it'], [`onewrite ${kind} forget old-orders`, 'retention no longer waits for it'])}`);
    run(command, async ({ database, options, parameters }) => {
        const [name = ''] = parameters;
        const forgotten = await forgetReader(database, { kind, name, dryRun: options['dryRun'] === true });
        return { json: forgotten, text: text(forgotten) };
    });
};
