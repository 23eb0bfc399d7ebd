import { isOnewriteError } from '../error/onewrite-error.js';
import { exitCodes } from './outcome.js';
/** What the caller got wrong, as opposed to what went wrong. */
const usage = ['INVALID_USAGE', 'INVALID_CONFIG', 'INVALID_IDENTIFIER'];
const codeOf = (error) => {
    const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
    return typeof code === 'string' ? code : null;
};
const wordsOf = (error) => (error instanceof Error ? error.message : String(error));
/** Nothing that is printed may repeat the password, whoever quoted it. */
const withoutSecrets = (secrets) => (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
/** The password of a URL, as it stands in it and as it is meant. */
export const secretsOf = (url) => {
    const [, written] = /^[a-z]+:\/\/[^/?#]*?:([^/?#]*)@/i.exec(url) ?? [];
    if (written === undefined || written === '')
        return [];
    try {
        return [written, decodeURIComponent(written)];
    }
    catch {
        return [written];
    }
};
export const describeFailure = (error, secrets) => {
    const clean = withoutSecrets(secrets);
    if (!isOnewriteError(error)) {
        const [code, message] = [codeOf(error), clean(wordsOf(error))];
        return {
            exitCode: exitCodes.failed,
            text: `error: ${message}${code === null ? '' : ` [${code}]`}`,
            json: { error: { code, message, delivery: null, fix: null, retryable: false } },
        };
    }
    const { code, delivery, retryable } = error;
    const fix = clean(error.fix);
    const message = clean(error.message.slice(0, -`. ${error.fix} [${code}]`.length));
    return {
        exitCode: usage.includes(code) ? exitCodes.usage : exitCodes.failed,
        text: `error: ${message} [${code}]\nfix:   ${fix}`,
        json: { error: { code, message, delivery, fix, retryable } },
    };
};
