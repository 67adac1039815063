import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readFlags, readUsersFile } from '@bg-ingest/dexcom-simulator/parts'
import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'

describe('simulator: command line', () => {
  it('has defaults for everything', () => {
    expect(readFlags([])).to.deep.include({ port: 0, host: '127.0.0.1', 'vendor-delay': 3600, help: false })
  })

  it('reads what it is given', () => {
    const args = '--port 8080 --speed 60 --redirect-uri http://a/cb --redirect-uri http://b/cb --strict-family'
    expect(readFlags(args.split(' '))).to.deep.include({
      port: 8080,
      speed: 60,
      'redirect-uri': ['http://a/cb', 'http://b/cb'],
      'strict-family': true,
    })
  })

  it('lets a scenario bring its own people, seed and limits', () => {
    expect(readFlags(['--scenario', 'twins', '--port', '1', '--push', 'push.json'])).to.include({ scenario: 'twins' })
    for (const flag of ['--users', '--seed', '--regions', '--limit', '--grace']) {
      expect(() => readFlags(['--scenario', 'twins', flag, '7']), flag).to.throw(AppError, flag)
    }
  })

  for (const args of [['--port', 'x'], ['--port', '65536'], ['--sped', '1'], ['--start', 'yesterday'], ['stray']]) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => readFlags(args)).to.throw(AppError)
    })
  }
})

describe('simulator: users file', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'simulator-'))
  })
  after(() => rm(folder, { recursive: true }))
  const usersFile = async (users: unknown) => {
    const file = path.join(folder, 'users.json')
    await writeFile(file, JSON.stringify(users))
    return readUsersFile(file)
  }

  it('takes generated users, readings, and recordings beside it', async () => {
    await writeFile(path.join(folder, 'hall.csv'), '"id","time","gl"\n"a",2015-01-05 23:57:12,93\n')
    const ada = { name: 'ada', kind: 'generated', profile: 'quiet', zone: 'Asia/Tokyo' }
    const readings = [{ systemTimeMs: Date.UTC(2015, 0, 5, 23, 57, 12), value: 93 }]
    const users = await usersFile([
      ada,
      { name: 'bob', kind: 'replay', readings },
      { name: 'cy', kind: 'replay', file: 'hall.csv', format: 'hall2018', id: 'a' },
    ])
    expect(users).to.deep.equal([
      ada,
      { name: 'bob', kind: 'replay', readings },
      { name: 'cy', kind: 'replay', readings },
    ])
  })

  it('refuses others', async () => {
    for (const users of [
      [],
      [{ name: 'ada', kind: 'generated', profile: 'wild' }],
      [{ name: 'a', kind: 'generated', profile: 'quiet', zone: 'Mars/Base' }],
    ]) {
      expect(await usersFile(users).catch((err: unknown) => AppError.from(err).code)).to.equal('invalid_request')
    }
  })
})
