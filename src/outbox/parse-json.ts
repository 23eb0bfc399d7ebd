/** JSON with its numbers as they were written and its members in their order. */
export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> }

/** Limits of Jackson, which reads it for Debezium. */
const deepest = 1000
const longestNumber = 1000

const space = /[ \t\n\r]*/y
const string = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y

class Reader {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  private next(): string {
    this.match(space)
    return this.text[this.at] ?? ''
  }

  private take(expected: string): boolean {
    if (this.next() !== expected) return false
    this.at += 1
    return true
  }

  private fail(): never {
    throw new SyntaxError(`unexpected ${JSON.stringify(this.text[this.at] ?? 'end')} at ${this.at}`)
  }

  private readString(): string {
    const found = this.match(string)
    if (found === undefined) return this.fail()
    const value: unknown = JSON.parse(found)
    return String(value)
  }

  private readArray(depth: number): JsonNode {
    const items: JsonNode[] = []
    if (this.take(']')) return { kind: 'array', items }
    do items.push(this.read(depth))
    while (this.take(','))
    return this.take(']') ? { kind: 'array', items } : this.fail()
  }

  private readObject(depth: number): JsonNode {
    const members = new Map<string, JsonNode>()
    if (this.take('}')) return { kind: 'object', members }
    do {
      this.next()
      const name = this.readString()
      if (!this.take(':')) this.fail()
      members.set(name, this.read(depth))
    } while (this.take(','))
    return this.take('}') ? { kind: 'object', members } : this.fail()
  }

  private readScalar(): JsonNode {
    if (this.text[this.at] === '"') return { kind: 'string', value: this.readString() }
    const found = this.match(word)
    if (found === 'null') return { kind: 'null' }
    if (found !== undefined) return { kind: 'boolean', value: found === 'true' }
    const text = this.match(number)
    return text === undefined || text.length > longestNumber ? this.fail() : { kind: 'number', text }
  }

  private read(depth: number): JsonNode {
    const first = this.next()
    if (depth > deepest) this.fail()
    if (this.take('{')) return this.readObject(depth + 1)
    if (this.take('[')) return this.readArray(depth + 1)
    return first === '' ? this.fail() : this.readScalar()
  }

  whole(): JsonNode {
    const node = this.read(1)
    return this.next() === '' ? node : this.fail()
  }
}

/** @throws SyntaxError */
export const parseJson = (text: string): JsonNode => new Reader(text).whole()
