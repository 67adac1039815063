import { isAuthentic, type SignedDelivery, signDelivery } from '@bg-ingest/security'
import { expect } from 'chai'

const SECRET = Buffer.alloc(32, 7)
const OLD = Buffer.alloc(32, 8)
const NOW_MS = Date.parse('2026-11-20T12:00:00.500Z')
const NOW = Math.floor(NOW_MS / 1000)
const BODY = Buffer.from('{"type":"data.available"}')

const delivery = (over: Partial<SignedDelivery> = {}, secret = SECRET): SignedDelivery => {
  const { id = 'msg_1', timestamp = String(NOW), body = BODY } = over
  return { id, timestamp, body, signature: signDelivery(secret, id, timestamp, body), ...over }
}
const passes = (over: Partial<SignedDelivery> = {}, secrets = [SECRET]) => isAuthentic(delivery(over), secrets, NOW_MS)

describe('webhook signatures', () => {
  it('pass the example of the Standard Webhooks specification', () => {
    const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
    const body = Buffer.from('{"test": 2432232314}')
    const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    const example = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: '1614265330', signature, body }
    expect(isAuthentic(example, [secret], 1_614_265_330_000)).to.equal(true)
  })

  it('pass within 300 seconds of our clock, both ways, and not a second beyond', () => {
    for (const [seconds, ok] of [
      [-300, true],
      [300, true],
      [-301, false],
      [301, false],
    ] as const)
      expect(passes({ timestamp: String(NOW + seconds) }), String(seconds)).to.equal(ok)
  })

  it('fail with a timestamp that is no whole number of seconds', () => {
    for (const timestamp of [
      '',
      'abc',
      '1e9',
      `-${NOW}`,
      String(NOW * 1000),
      '1'.repeat(20),
      ` ${NOW}`,
      `${NOW}abc`,
      `0${NOW}`,
    ])
      expect(passes({ timestamp }), timestamp).to.equal(false)
  })

  it('fail with a body that differs by anything', () => {
    const signature = delivery().signature
    for (const text of ['{"type":"data.availablf"}', '{ "type": "data.available" }', `\ufeff${BODY}`, `${BODY}\n`, ''])
      expect(passes({ body: Buffer.from(text), signature }), text).to.equal(false)
  })

  it('fail where the id is another, missing, or not one', () => {
    const signature = delivery().signature
    expect(passes({ id: 'msg_2', signature })).to.equal(false)
    for (const id of [undefined, '', 'two words', 'x'.repeat(257), 'ümlaut', 'line\nbreak'])
      expect(isAuthentic({ ...delivery({ id: id ?? 'x' }), id }, [SECRET], NOW_MS), id).to.equal(false)
  })

  it('fail unless one of them, in version 1, is right to the last character', () => {
    const right = String(delivery().signature)
    const value = right.slice('v1,'.length)
    for (const signature of [
      undefined,
      '',
      right.slice(0, -1),
      `${right}=`,
      value,
      `v0,${value}`,
      `v1a,${value}`,
      `V1,${value}`,
      'v1,',
      'v1,!!!!',
      'v1,\u00e4\u00f6',
      right.toLowerCase(),
    ])
      expect(passes({ signature }), signature).to.equal(false)
    expect(passes({ signature: `v1,AAAA ${right}` })).to.equal(true)
    expect(passes({ signature: `v2,AAAA ${right}` })).to.equal(true)
  })

  it('fail as a list of a thousand, whatever is among them', () => {
    const right = String(delivery().signature)
    expect(passes({ signature: `${right} ${Array(9).fill('v1,AAAA').join(' ')}` })).to.equal(true)
    expect(passes({ signature: `${right} ${Array(10).fill('v1,AAAA').join(' ')}` })).to.equal(false)
  })

  it('pass with any secret of a rotation, and no longer with one that was taken out', () => {
    const byOld = { signature: String(delivery({}, OLD).signature) }
    expect(passes(byOld, [SECRET, OLD])).to.equal(true)
    expect(passes({}, [SECRET, OLD])).to.equal(true)
    expect(passes(byOld, [SECRET])).to.equal(false)
    expect(passes({}, [])).to.equal(false)
  })
})
