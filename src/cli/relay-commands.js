import { relayStatus } from '../admin/relay-status.js';
import { bytesText, secondsText } from './amounts.js';
import { columns } from './columns.js';
import { examples } from './examples.js';
import { forgetCommand } from './forget-command.js';
const heading = ['RELAY', 'STATE', 'SOURCE', 'DELIVERY', 'POSITION', 'LAG', 'BYTES', 'OLDEST', 'LEADER'];
const lagText = ({ lag }) => `${lag.counted ? '' : '~'}${lag.events} events`;
const row = (relay) => [
    relay.name,
    relay.state,
    relay.source,
    relay.delivery,
    relay.position === undefined ? 'none' : String(relay.position),
    lagText(relay),
    bytesText(relay.lag.bytes),
    relay.lag.events === 0n ? '-' : secondsText(relay.lag.seconds),
    relay.owner ?? '-',
];
const slotHeading = ['SLOT', 'RELAY', 'ACTIVE', 'WAL STATUS', 'RETAINED', 'BUDGET', 'SAFE'];
const slotRows = ({ name, slot }) => slot === undefined
    ? []
    : [
        [
            slot.name,
            name,
            slot.exists ? (slot.active ? 'yes' : 'no') : 'missing',
            slot.walStatus ?? '-',
            bytesText(slot.retainedBytes),
            slot.budgetPercent === undefined
                ? '-'
                : `${slot.budgetPercent} % of ${bytesText(slot.budgetBytes)}`,
            bytesText(slot.safeBytes),
        ],
    ];
const problemLines = ({ name, problems }) => problems.flatMap(({ problem, fix }) => [`problem: ${name}: ${problem}`, `fix:     ${fix}`]);
/** The same for `onewrite status`. */
export const relaysText = ({ relays }) => {
    if (relays.length === 0)
        return 'no relay has ever led';
    const slots = relays.flatMap(slotRows);
    const problems = relays.flatMap(problemLines);
    return [
        columns(heading, relays.map(row)),
        ...(slots.length === 0 ? [] : ['', columns(slotHeading, slots)]),
        ...(problems.length === 0 ? [] : ['', ...problems]),
    ].join('\n');
};
export const relayCommands = (parent, run) => {
    const command = parent
        .command('status')
        .description('Who leads each relay, how far it is behind, and what is held back for it')
        .addHelpText('after', examples(['onewrite relay status', 'all relays'], ['onewrite relay status --json', 'the same for a script; the exit code is 3 where one has a problem']));
    run(command, async ({ database }) => {
        const status = await relayStatus(database);
        return { json: status, text: relaysText(status), healthy: status.healthy };
    });
    forgetCommand(parent, run, 'relay');
};
