import { describe, expect, it } from 'vitest'
import { hideIn, hideInJson, publicHeaders, publicPath, secretsIn } from './secrets.ts'

const headers = {
  authorization: 'Bearer abcdef-123456',
  'api-key': 'azure-0123',
  cookie: 'session=1',
  accept: 'application/json',
  'x-many': 'a, b',
}

describe('secrets', () => {
  it('are not among the headers that are shown', () => {
    expect(publicHeaders(headers)).toEqual({
      authorization: '[secret]',
      'api-key': '[secret]',
      cookie: '[secret]',
      accept: 'application/json',
      'x-many': 'a, b',
    })
    expect(secretsIn(headers)).toEqual(['abcdef-123456', 'azure-0123', 'session=1'])
  })

  it('are taken out of texts, keys of objects and lists, unless they are too short to be one', () => {
    const secrets = ['abcdef-123456', 'a']
    expect(hideIn('key abcdef-123456, sk-proj-01234567890 and sk-learn-like-things and a', secrets)).toBe(
      'key [secret], [secret] and sk-learn-like-things and a',
    )
    expect(hideInJson({ 'abcdef-123456': ['x abcdef-123456', 1, null] }, secrets)).toEqual({
      '[secret]': ['x [secret]', 1, null],
    })
  })

  it('are taken out of queries', () => {
    expect(publicPath('/v1/responses?key=abc&api-version=2026-01-01&token=d')).toBe(
      '/v1/responses?key=[secret]&api-version=2026-01-01&token=[secret]',
    )
    expect(publicPath('/v1/monkey=1')).toBe('/v1/monkey=1')
  })
})
