const widthOf = (rows, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
/** Rows below a heading, in columns. */
export const columns = (heading, rows) => {
    const all = [heading, ...rows];
    const widths = heading.map((_, column) => widthOf(all, column));
    return all
        .map((row) => row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd())
        .join('\n');
};
