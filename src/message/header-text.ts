/** What CloudEvents forbids in a string: control characters, lone surrogates, noncharacters. */
const forbidden = /[\p{Control}\p{Surrogate}\p{Noncharacter_Code_Point}]/u
const everyForbidden = new RegExp(forbidden, 'gu')

/** Text of only these needs no closer look; most header values are such. */
const plain = /^[\x20-\x7e]*$/

/**
 * A value that is safe as a header: forbidden characters are left out. The Kafka binding of CloudEvents takes
 * UTF-8 as it is, without percent-encoding.
 */
export const headerText = (value: string): string =>
  plain.test(value) || !forbidden.test(value) ? value : value.replace(everyForbidden, '')
