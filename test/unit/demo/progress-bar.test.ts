import { createProgressBar } from '@bg-ingest/demo'
import { expect } from 'chai'

function drawn(isTTY: boolean, percents: readonly number[]): readonly string[] {
  const written: string[] = []
  const draw = createProgressBar({ isTTY, write: (text) => written.push(text) })
  for (const percent of percents) draw({ percent, readings: percent * 10 })
  return written
}

describe('demo: progress bar', () => {
  it('draws one line over itself on a terminal, and leaves it when done', () => {
    expect(drawn(true, [0, 50, 100])).to.deep.equal([
      '\r  history [..............................]   0 %  0 readings',
      '\r  history [###############...............]  50 %  500 readings',
      '\r  history [##############################] 100 %  1000 readings\n',
    ])
  })

  it('writes a line for each further tenth elsewhere, so that a log stays short', () => {
    const lines = drawn(false, [0, 0, 3, 9, 10, 19, 35, 99, 100, 100])
    expect(lines.map((line) => /(\d+) %/.exec(line)?.[1])).to.deep.equal(['0', '10', '35', '99', '100'])
    for (const line of lines) expect(line).to.match(/^ {2}history \[[#.]{30}\] {1,3}\d+ % {2}\d+ readings\n$/)
  })
})
