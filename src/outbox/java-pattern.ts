/** What JavaScript would understand otherwise than Java, or not at all. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [/^\(\?>/, 'an atomic group (?>…)'],
  [/^\(\?[a-zA-Z-]+[:)]/, 'flags inside of the pattern'],
  [/^(?:[*+?]|\{\d+(?:,\d*)?\})\+/, 'a possessive quantifier'],
  [/^\\[1-9k]/, 'a back reference'],
  [/^\\[pP]/, 'a class of properties \\p{…}'],
  [/^\\[QEAZzGhHRvVXNxuUc0ea]/, 'an escape that only Java knows'],
  [/^\\[bB]/, 'a word boundary'],
]

const refusalOf = (rest: string): string | undefined => refusals.find(([pattern]) => pattern.test(rest))?.[1]

const javaSpace = String.raw`\t\n\v\f\r `

/** What an escape means, outside of a class. Java's \s is ASCII. */
const escapes: Readonly<Record<string, string>> = { s: `[${javaSpace}]`, S: `[^${javaSpace}]` }

const literal = (character: string): string =>
  /[\^$\\.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character

const classPart = (pattern: string, at: number): readonly [text: string, length: number] | string => {
  const rest = pattern.slice(at)
  if (rest.startsWith('[')) return 'a class inside of a class'
  if (rest.startsWith('&&')) return 'an intersection of classes'
  if (!rest.startsWith('\\')) return [rest[0] ?? '', 1]
  const letter = rest[1] ?? ''
  if (letter === 's') return [javaSpace, 2]
  if (/[dDwWtnrf]/.test(letter)) return [`\\${letter}`, 2]
  return /[a-zA-Z0-9]/.test(letter) ? 'an escape inside of a class' : [literal(letter), 2]
}

const translateClass = (pattern: string, start: number): readonly [text: string, end: number] | string => {
  let text = '['
  let at = start + 1
  if (pattern[at] === '^') {
    text += '^'
    at += 1
  }
  for (;;) {
    if (at >= pattern.length) return 'a class that is not closed'
    if (pattern[at] === ']' && text !== '[' && text !== '[^') return [`${text}]`, at + 1]
    const part = classPart(pattern, at)
    if (typeof part === 'string') return part
    text += part[0]
    at += part[1]
  }
}

const translateEscape = (letter: string): string => {
  const known = escapes[letter]
  if (known !== undefined) return known
  return /[dDwWtnrf]/.test(letter) ? `\\${letter}` : literal(letter)
}

const translate = (pattern: string): { readonly source: string } | { readonly fault: string } => {
  let source = ''
  let at = 0
  while (at < pattern.length) {
    const fault = refusalOf(pattern.slice(at))
    if (fault !== undefined) return { fault }
    const character = pattern[at] ?? ''
    if (character === '[') {
      const found = translateClass(pattern, at)
      if (typeof found === 'string') return { fault: found }
      source += found[0]
      at = found[1]
    } else if (character === '\\') {
      source += translateEscape(pattern[at + 1] ?? '')
      at += 2
    } else {
      source += character === '.' ? '[^\\n\\r\\u0085\\u2028\\u2029]' : character === ']' ? '\\]' : character
      at += 1
    }
  }
  return { source }
}

type Part = string | { readonly group: string }

const groupNames = (pattern: RegExp): { readonly names: ReadonlySet<string>; readonly count: number } => {
  const match = new RegExp(`${pattern.source}|`, pattern.flags).exec('')
  return { names: new Set(Object.keys(match?.groups ?? {})), count: (match?.length ?? 1) - 1 }
}

/** The digits behind a dollar, as many as there is a group for. */
const groupNumber = (digits: string, count: number): string => {
  let number = digits[0] ?? ''
  for (const digit of digits.slice(1)) {
    if (Number(number + digit) > count) break
    number += digit
  }
  return number
}

/** A replacement of Java in its parts; a text where it names a group that there is none of. */
const parseReplacement = (replacement: string, pattern: RegExp): readonly Part[] | string => {
  const { names, count } = groupNames(pattern)
  const parts: Part[] = []
  for (let at = 0; at < replacement.length; ) {
    const [, escaped, name, digits] =
      /^(?:\\(.)|\$\{([a-zA-Z][a-zA-Z0-9]*)\}|\$(\d+))/s.exec(replacement.slice(at)) ?? []
    if (escaped !== undefined) {
      parts.push(escaped)
      at += 2
    } else if (name !== undefined) {
      if (!names.has(name)) return `the pattern has no group ${name}`
      parts.push({ group: name })
      at += name.length + 3
    } else if (digits !== undefined) {
      const number = groupNumber(digits, count)
      if (Number(number) > count) return `the pattern has no group ${number}`
      parts.push({ group: number })
      at += number.length + 1
    } else {
      if (/[$\\]/.test(replacement[at] ?? '')) return 'a dollar or backslash stands alone'
      parts.push(replacement[at] ?? '')
      at += 1
    }
  }
  return parts
}

const fill = (parts: readonly Part[], match: RegExpExecArray): string =>
  parts
    .map((part) =>
      typeof part === 'string' ? part : (match.groups?.[part.group] ?? match[Number(part.group)] ?? ''),
    )
    .join('')

export interface Routing {
  /** Gives a provisional name its final one. */
  route(name: string): string
}

/**
 * Kafka's RegexRouter: where the whole name matches, the first find is replaced; any other name stays as it is.
 *
 * @returns a text that says what is wrong, where the pattern or the replacement cannot be honoured
 */
export const javaRouting = (
  pattern: string,
  replacement: string,
): Routing | { readonly regex: string } | { readonly replacement: string } => {
  const translated = translate(pattern)
  if ('fault' in translated) return { regex: `${translated.fault} is not supported` }
  let found: RegExp
  let whole: RegExp
  try {
    found = new RegExp(translated.source, 'u')
    whole = new RegExp(`^(?:${translated.source})$`, 'u')
  } catch (error) {
    return { regex: error instanceof Error ? error.message : String(error) }
  }
  const parts = parseReplacement(replacement, found)
  if (typeof parts === 'string') return { replacement: parts }
  const route = (name: string): string => {
    if (!whole.test(name)) return name
    const match = found.exec(name)
    if (match === null) return name
    return name.slice(0, match.index) + fill(parts, match) + name.slice(match.index + match[0].length)
  }
  return { route }
}
