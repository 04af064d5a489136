// SPDX-License-Identifier: Apache-2.0
// docs/api/openapi.json as a judge: every answer of every test passes through `check`.

import Ajv2020 from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
export const document = JSON.parse(readFileSync(`${root}docs/api/openapi.json`, 'utf8'))

const ajv = new Ajv2020({ allErrors: true, strict: false })
formats(ajv)
ajv.addSchema(document, 'openapi')

const pointer_part = (text) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'))
const compiled = new Map()

export function validator_at(...path) {
    const pointer = `openapi#/${path.map(pointer_part).join('/')}`
    if (!compiled.has(pointer)) compiled.set(pointer, ajv.compile({ $ref: pointer }))
    return compiled.get(pointer)
}

// Complaints about a value by the schema at a place in the document; empty when it is right.
export function complaints(value, ...path) {
    const validate = validator_at(...path)
    if (validate(value)) return []
    return validate.errors.map(
        (error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
    )
}

export const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

const patterns = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replace(/[.]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`),
}))

export const path_of = (target) => patterns.find(({ pattern }) => pattern.test(target.split('?')[0]))?.path

// A response may be a reference; says where it really stands.
function response_place(path, method, status) {
    const here = ['paths', path, method, 'responses', String(status)]
    const found = document.paths[path][method].responses[status]
    if (!found) return null
    if (!found.$ref) return { place: here, response: found }
    const name = found.$ref.split('/').at(-1)
    return { place: ['components', 'responses', name], response: document.components.responses[name] }
}

export const seen = new Map() // "GET /path" → Set of statuses

function check_problem(answer) {
    const wrong = complaints(answer.json, 'components', 'schemas', 'Problem')
    if (answer.json?.status !== answer.status) wrong.push(`status in the body is ${answer.json?.status}`)
    const after = answer.headers['retry-after']
    if (answer.json?.retry_after_s !== undefined && String(answer.json.retry_after_s) !== after)
        wrong.push(`Retry-After is ${after}`)
    return wrong
}

// Throws unless the document foresees this answer to this request.
export function check(request, answer) {
    const wrong = judge(request, answer)
    if (wrong.length === 0) return
    throw new Error(
        `${request.method} ${request.path} → ${answer.status} is not as documented:\n  ${wrong.join('\n  ')}\n  body: ${answer.text.slice(0, 600)}`,
    )
}

// H-22: what every answer of ours carries, whatever it says.
export function judge_hardening(headers) {
    const wanted = {
        'content-security-policy': /^default-src 'none'; .*frame-ancestors /,
        'x-content-type-options': /^nosniff$/,
        'referrer-policy': /^no-referrer$/,
        'cross-origin-opener-policy': /^same-origin$/,
        'cross-origin-resource-policy': /^same-origin$/,
        'permissions-policy': /./,
        'cache-control': /./,
        'x-request-id': /./,
        date: /./,
    }
    const wrong = Object.entries(wanted).flatMap(([name, value]) =>
        value.test(headers[name] ?? '') ? [] : [`${name} is ${headers[name]}`],
    )
    for (const name of ['server', 'x-powered-by']) if (headers[name]) wrong.push(`${name} is told`)
    return wrong
}

function judge(request, answer) {
    const wrong = judge_hardening(answer.headers)
    const type = (answer.headers['content-type'] ?? '').split(';')[0]
    if (answer.headers['cache-control'] !== 'no-store') wrong.push('Cache-Control is not no-store')
    if (type === 'application/problem+json') wrong.push(...check_problem(answer))
    const path = path_of(request.path)
    const method = request.method.toLowerCase()
    if (!path) {
        if (![404, 405, 400, 421].includes(answer.status)) wrong.push('an unknown path is answered')
        return wrong
    }
    if (!document.paths[path][method]) {
        if (method === 'options' && answer.status === 204) return wrong
        if (method === 'head' && document.paths[path].get) return wrong
        if (answer.status !== 405 && answer.status !== 400) wrong.push('an unknown method is answered')
        if (answer.status === 405 && !answer.headers.allow) wrong.push('405 without Allow')
        return wrong
    }
    const label = `${request.method} ${path}`
    if (!seen.has(label)) seen.set(label, new Set())
    seen.get(label).add(String(answer.status))
    const is_of_http =
        answer.json?.type === 'about:blank' && document['x-http-statuses'].includes(String(answer.status))
    if (is_of_http) return wrong
    const found = response_place(path, method, answer.status)
    if (!found) return [...wrong, `status ${answer.status} is not documented`]
    wrong.push(...judge_body(found, type, answer), ...judge_headers(found.response, answer))
    if (answer.status < 300) wrong.push(...judge_request(path, method, request))
    return wrong
}

function judge_body({ place, response }, type, answer) {
    if (!response.content) return answer.text === '' ? [] : ['a body where none is documented']
    if (!response.content[type]) return [`media type ${type} is not documented`]
    if (type === 'text/event-stream') return []
    const value = type.endsWith('json') ? answer.json : answer.text
    return complaints(value, ...place, 'content', type, 'schema')
}

function judge_headers(response, answer) {
    return Object.entries(response.headers ?? {}).flatMap(([name, header]) => {
        const whole = header.$ref ? document.components.headers[header.$ref.split('/').at(-1)] : header
        return whole.required && answer.headers[name.toLowerCase()] === undefined ? [`header ${name} is missing`] : []
    })
}

// What was accepted must be what the document allows: otherwise one of the two is too strict or too lax.
function judge_request(path, method, request) {
    const documented = document.paths[path][method].requestBody
    if (request.json === undefined) return documented?.required ? ['accepted without the required body'] : []
    if (!documented) return []
    return complaints(
        request.json,
        'paths',
        path,
        method,
        'requestBody',
        'content',
        'application/json',
        'schema',
    ).map((text) => `accepted, but the document forbids the request: ${text}`)
}

// `documented`: path and method in the document.
export const check_event = (event, documented = ['/api/v1/events', 'get']) => {
    const [path, method] = documented
    const known = document.paths[path][method]['x-events'][event.type]
    if (!known) throw new Error(`event type ${event.type} is not documented`)
    const wrong = complaints(event.data, 'paths', path, method, 'x-events', event.type)
    if (wrong.length)
        throw new Error(
            `event ${event.type} is not as documented:\n  ${wrong.join('\n  ')}\n  ${JSON.stringify(event.data)}`,
        )
}
