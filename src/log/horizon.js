const isPrepared = (writer) => writer.startsWith('-1/');
const least = (values, start) => {
    let result = start;
    for (const value of values)
        if (value < result)
            result = value;
    return result;
};
/**
 * The lock horizon: reads below it lose no row and see commits of one aggregate in order.
 *
 * An INSERT takes ROW EXCLUSIVE on the log before it draws a position and keeps it until its commit is visible. So
 * - a writer that holds no lock when the holders are read draws only positions above `lastPosition`, read before;
 * - a writer first seen as a holder in this poll did not hold the lock in the poll before, so all of its positions
 *   are above the `lastPosition` of that poll;
 * - a writer seen longer keeps the mark of the poll in which it appeared.
 * The least of these marks is the horizon. Foreign transactions hold no such lock and cannot delay it.
 *
 * PREPARE TRANSACTION may rename a holder to '-1/<xid>' (servers before October 2021 do). A new name of that form may be
 * any holder seen before, so it inherits the least of their marks; also of those still present, because pg_locks reads
 * the locks that a backend keeps to itself before the shared ones and can list one holder under both names.
 *
 * @param from every event up to here is decided: the checkpoint, or 0
 */
export const horizon = (from) => {
    let previous = from;
    let marks = new Map();
    return {
        advance: ({ lastPosition, writers }) => {
            const inherited = least(marks.values(), previous);
            marks = new Map(writers.map((writer) => [writer, marks.get(writer) ?? (isPrepared(writer) ? inherited : previous)]));
            const safe = least(marks.values(), lastPosition);
            previous = lastPosition;
            return safe;
        },
    };
};
