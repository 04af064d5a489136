// SPDX-License-Identifier: Apache-2.0
// The document itself: a valid OpenAPI 3.1, complete, with examples that obey it, served as it is.

import { Validator } from '@seriousme/openapi-schema-validator'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { check, check_event, complaints, document, operations, root, seen } from '../lib/contract.mjs'
import { Browser } from '../lib/http.mjs'
import { with_server } from '../lib/server.mjs'

const examples_of = (content, ...place) =>
    Object.entries(content ?? {}).flatMap(([type, { example }]) =>
        example === undefined ? [] : [{ example, place: [...place, type, 'schema'] }],
    )

function all_examples() {
    const found = []
    for (const { path, method, operation } of operations) {
        const here = ['paths', path, method.toLowerCase()]
        found.push(...examples_of(operation.requestBody?.content, ...here, 'requestBody', 'content'))
        for (const [status, response] of Object.entries(operation.responses))
            found.push(...examples_of(response.content, ...here, 'responses', status, 'content'))
    }
    for (const [name, response] of Object.entries(document.components.responses))
        found.push(...examples_of(response.content, 'components', 'responses', name, 'content'))
    return found
}

// Words like 'code' in source and document must be the same closed list.
function quoted_after(file, pattern) {
    const text = readFileSync(`${root}${file}`, 'utf8')
    return [...text.matchAll(pattern)].map((match) => match[1])
}

function every_object_is_closed(schema, place, open) {
    if (schema === null || typeof schema !== 'object') return
    // A map of names to values of one type is closed too.
    const is_map = typeof schema.additionalProperties?.type === 'string'
    if (schema.type === 'object' && schema.additionalProperties !== false && !is_map) open.push(place)
    for (const [key, value] of Object.entries(schema)) every_object_is_closed(value, `${place}/${key}`, open)
}

export default async function document_part(t) {
    await t.test('document: is a valid OpenAPI 3.1', async () => {
        const validator = new Validator()
        const result = await validator.validate(structuredClone(document))
        assert.ok(result.valid, JSON.stringify(result.errors, null, 1))
        assert.equal(validator.version, '3.1')
    })

    await t.test('document: has exactly the routes of the surface and the gateway', () => {
        const text = readFileSync(`${root}src/api/native/routes.cpp`, 'utf8')
        const routes = [...text.matchAll(/\{"([A-Z]+)", "([^"]+)", Access/g)].map(
            ([, method, path]) => `${method} ${path}`,
        )
        const gateway = [
            ...readFileSync(`${root}src/server/routes.cpp`, 'utf8').matchAll(
                /Route\{"([A-Z]+)", "(\/gateway[^"]*)"/g,
            ),
        ].map(([, method, path]) => `${method} ${path}`)
        assert.ok(routes.length > 20 && gateway.length > 0, 'the pattern finds the routes')
        const documented = operations.map(({ method, path }) => `${method} ${path}`)
        assert.deepEqual(documented.sort(), [...routes, ...gateway].sort())
    })

    await t.test('document: the codes of problems are those of the program', () => {
        const codes = quoted_after('src/base/error.cpp', /case Errc::\w+: return "(\w+)";/g)
        assert.deepEqual([...document.components.schemas.Code.enum].sort(), codes.sort())
    })

    await t.test('document: examples obey their schemas', () => {
        const examples = all_examples()
        assert.ok(examples.length > 30)
        for (const { example, place } of examples)
            assert.deepEqual(complaints(example, ...place), [], place.join(' '))
    })

    await t.test('document: every object is closed, every operation has an id, a summary and its security', () => {
        const open = []
        every_object_is_closed(document.components.schemas, '', open)
        assert.deepEqual(open, [])
        const ids = new Set()
        for (const { operation, path } of operations) {
            assert.ok(operation.operationId && operation.summary && operation.tags?.length === 1, path)
            assert.ok(!ids.has(operation.operationId), operation.operationId)
            ids.add(operation.operationId)
            if (operation.security?.length !== 0)
                assert.ok(operation.responses[401] && operation.responses[403], `${path}: 401 and 403`)
        }
    })

    await t.test('document: the judge itself refuses what is not documented', () => {
        const request = { method: 'GET', path: '/api/v1/me' }
        const json = document.paths['/api/v1/me'].get.responses[200].content['application/json'].example
        // What every answer carries; without it each case below would be refused for that alone.
        const head = {
            'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
            'cross-origin-opener-policy': 'same-origin',
            'cross-origin-resource-policy': 'same-origin',
            'permissions-policy': 'x',
            'cache-control': 'no-store',
            date: 'x',
            'x-request-id': '1',
        }
        const answer = (more = {}) => ({
            status: 200,
            headers: { ...head, 'content-type': 'application/json' },
            json,
            text: 'x',
            ...more,
        })
        check(request, answer())
        const { role, ...without_role } = json
        const problem = { type: 'x', title: 'x', status: 401, detail: 'x', code: 'unauthenticated', request_id: '1' }
        const problem_head = {
            ...head,
            'content-type': 'application/problem+json',
            'www-authenticate': 'x',
        }
        check(request, answer({ status: 401, headers: problem_head, json: problem }))
        for (const [what, wrong] of Object.entries({
            'an unknown status': answer({ status: 201 }),
            'a missing field': answer({ json: without_role }),
            'a field too many': answer({ json: { ...json, hash: 'x' } }),
            'another type': answer({ json: { ...json, id: 1 } }),
            'another word': answer({ json: { ...json, role: 'root' } }),
            'another media type': answer({ headers: { ...head, 'content-type': 'text/html' } }),
            'no request id': answer({ headers: { ...head, 'x-request-id': '', 'content-type': 'application/json' } }),
            'no policy for scripts': answer({ headers: { ...head, 'content-security-policy': '', 'content-type': 'application/json' } }),
            'an unknown code': answer({ status: 401, headers: problem_head, json: { ...problem, code: 'oops' } }),
            'a status that differs from the body': answer({ status: 403, headers: problem_head, json: problem }),
        }))
            assert.throws(() => check(request, wrong), /not as documented/, what)
        assert.throws(() => check({ method: 'GET', path: '/api/v1/secret' }, answer()), /unknown path/)
        assert.throws(() => check_event({ type: 'session', data: { id: 'x' } }), /not as documented/)
        assert.throws(() => check_event({ type: 'gossip', data: {} }), /not documented/)
    })

    await with_server(t, 'document', {}, async (server) => {
        await t.test('document: is served as it stands in the tree', async () => {
            const answer = await new Browser(server).get('/api/v1/openapi.json')
            assert.deepEqual(answer.json, document)
        })
    })
}

// After all parts: what is documented as success was seen, so that no schema went unused.
export async function coverage(t) {
    await t.test('document: every documented success was seen in these tests', () => {
        const unseen = operations.flatMap(({ path, method, operation }) =>
            Object.keys(operation.responses)
                .filter((status) => status >= '200' && status < '300' && !seen.get(`${method} ${path}`)?.has(status))
                .map((status) => `${method} ${path} ${status}`),
        )
        assert.deepEqual(unseen, [])
    })
}
