/** The end of a command's help. */
export const examples = (...lines) => {
    const width = Math.max(...lines.map(([command]) => command.length));
    return [
        '',
        'Examples:',
        ...lines.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`),
    ].join('\n');
};
