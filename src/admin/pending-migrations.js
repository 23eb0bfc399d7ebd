import { isOnewriteError } from '../error/onewrite-error.js';
import { readMigrations } from '../postgres/migration-files.js';
import { checkApplied, readApplied } from '../postgres/schema-version.js';
const appliedTo = async (database) => {
    try {
        return await readApplied(database, database.schema);
    }
    catch (error) {
        if (isOnewriteError(error, 'SCHEMA_MISSING'))
            return [];
        throw error;
    }
};
/**
 * What migrate() would do. Needs SELECT on `migrations`.
 *
 * @throws SCHEMA_TOO_NEW, MIGRATION_CHANGED
 */
export const pendingMigrations = async (database) => {
    const known = await readMigrations();
    const applied = await appliedTo(database);
    checkApplied(database.schema, known, applied);
    const pending = known.slice(applied.length).map(({ name }) => name);
    return { installed: applied.length, needed: known.length, pending };
};
