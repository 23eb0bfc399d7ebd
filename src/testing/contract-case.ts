/** One promise of a contract. Passes when `run` resolves; works with any test runner. */
export interface ContractCase<Fixture> {
  readonly name: string
  run(fixture: Fixture): Promise<void>
}
