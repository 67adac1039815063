/** Stand-ins for errors of libraries with everything that theirs carry (promises N8); a got error itself needs a network. */

class Options {
  #all = {
    headers: { authorization: 'Bearer AT_CANARY' },
    form: { refresh_token: 'RT_CANARY', client_secret: 'CS_CANARY' },
  }

  toJSON() {
    return this.#all
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.#all
  }
}

class IncomingMessage {
  readonly statusCode = 401
  readonly body = '{"access_token":"AT_CANARY","refresh_token":"RT_CANARY"}'
  readonly rawBody = Buffer.from(this.body)
  readonly headers = { 'set-cookie': ['session=SC_CANARY'] }
  readonly rawHeaders = ['Set-Cookie', 'SC_CANARY', 'X-Note', 'SC_CANARY']
  readonly url = 'https://h/callback?code=OC_CANARY'
}

export function fakeGotError(): Error {
  const response = new IncomingMessage()
  const error = new Error('Request failed: refresh_token=RT_CANARY, answered AT_CANARY')
  return Object.assign(error, {
    name: 'HTTPError',
    code: 'ERR_NON_2XX_3XX_RESPONSE',
    options: new Options(),
    response,
    request: { options: new Options(), response, requestUrl: new URL('https://u:PW_CANARY@h/?code=OC_CANARY') },
    timings: { start: 1 },
    input: 'https://h/?code=OC_CANARY',
    cause: Object.assign(new Error('inner AT_CANARY'), { config: { data: 'RT_CANARY' } }),
  })
}

export function fakeAwsError(): Error {
  return Object.assign(new Error('item of user CANARY'), {
    name: 'ConditionalCheckFailedException',
    $fault: 'client',
    $metadata: { httpStatusCode: 400, requestId: 'r-1' },
    $response: { body: 'CANARY', headers: { authorization: 'AWS4 CANARY' } },
    Item: { refreshToken: { S: 'RT_CANARY' }, glucose: { N: 'CANARY' } },
    options: new Options(),
    response: new IncomingMessage(),
  })
}

export function fakeAmqpError(): Error {
  return Object.assign(new Error('ACCESS_REFUSED for CANARY'), {
    code: 403,
    classId: 10,
    options: { password: 'PW_CANARY', credentials: { response: () => 'CANARY' }, url: 'amqp://bg:PW_CANARY@mq' },
    response: new IncomingMessage(),
  })
}
