// SPDX-License-Identifier: Apache-2.0
// Two real hosts by SSH as a person sees them: desktops in Chromium through the tunnel, a host that cannot be
// reached, and its return. Needs web/dist and the packages of tests/e2e; pictures go to artifacts/cluster.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { admin_password, rfb } from '../../api/lib/server.mjs'
import { until } from '../../api/lib/wait.mjs'
import { openBrowser } from '../../e2e/lib/browser.mjs'
import { newVisit, signIn } from '../../e2e/lib/visit.mjs'
import { away } from '../lib/berth.mjs'
import { with_cluster } from '../lib/cluster.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const web_dir = join(root, 'web', 'dist')
const artifacts = process.env.ARTIFACTS ?? join(root, 'artifacts', 'cluster')

const connected = '.theatre[data-phase=connected]'
// images/README.md: the corners of every picture of berth/test-rfb.
const corners = ['c03030', '30a030', '3050c0', 'd0c030']

const templates = [rfb('rfb', { title: 'Test desktop' }), rfb('second', { title: 'Second desktop' })]

// The colours an eighth of the picture away from each corner.
const corners_of = (page) =>
    page.evaluate(() => {
        const canvas = document.querySelector('[data-testid=desktop-canvas] canvas')
        if (!canvas?.width) return []
        const at = (x, y) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data.slice(0, 3)]
        const [left, right] = [1, 7].map((n) => Math.floor((canvas.width * n) / 8))
        const [top, bottom] = [1, 7].map((n) => Math.floor((canvas.height * n) / 8))
        return [at(left, top), at(right, top), at(left, bottom), at(right, bottom)].map((rgb) =>
            rgb.map((value) => value.toString(16).padStart(2, '0')).join(''),
        )
    })

class Tab {
    constructor(page, session) {
        this.page = page
        this.session = session
    }

    is_at_its_desktop = () => new URL(this.page.url()).pathname === `/desktops/${this.session.id}`

    // Picture and keys: what is typed in this tab arrives in this session's container.
    async is_usable(c, letter) {
        const { page, session } = this
        await page.locator(connected).waitFor()
        await until(`the picture of ${session.id}`, async () => {
            const seen = await corners_of(page)
            if (seen.join() !== corners.join()) throw new Error(`its corners are ${seen}`)
            return true
        })
        await page.locator('[data-testid=desktop-canvas] canvas').focus()
        await page.keyboard.press(letter)
        const { host, id } = await c.container_of(session.id)
        const key = `"key":${letter.charCodeAt(0)},`
        await until(`the key ${letter} in the container of ${session.id}`, async () =>
            (await host.docker('exec', id, '/rfb', 'cat', '/tmp/witness.jsonl')).includes(key),
        )
        return id
    }

    // The plain words, over the picture or in its place.
    says_that_the_machine_does_not_answer = () =>
        this.page
            .locator('[data-testid=no-answer], [data-testid=connection]')
            .filter({ hasText: /The machine does not answer at the moment; your desktop is kept/ })
            .first()
            .waitFor()
}

// The pupil's browser and one of staff; what scripts and policies complain of in any of their tabs is kept.
async function with_browser(c, body) {
    const browser = await openBrowser()
    const complaints = []
    const open = async () => {
        const { context, page } = await newVisit(browser, { url: c.server.origin })
        context.on('weberror', (event) => complaints.push(event.error().message))
        context.on('console', (message) => {
            if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text())
        })
        return { context, page }
    }
    try {
        mkdirSync(artifacts, { recursive: true })
        const person = await c.server.person('pupil')
        const picture = (page, name) => page.screenshot({ path: join(artifacts, `${name}.png`) })
        const tabs = []
        const on = (name) => tabs.filter(({ session }) => session.host === name)
        await body({ person, pupil: await open(), staff: await open(), picture, tabs, on, complaints })
    } finally {
        await browser.close()
    }
}

async function open_desktops(t, c, b) {
    const { context, page } = b.pupil
    await t.test('browser: four desktops, the first by a click, are spread over both hosts', async () => {
        await signIn(page, { user: b.person.username, password: b.person.password })
        await page.locator('[data-template=rfb] [data-testid=start]').click()
        await page.locator(connected).waitFor()
        const first = new URL(page.url()).pathname.split('/').at(-1)
        const others = await c.start_many(b.person, 3, 'beside-')
        const all = [first, ...others.map(({ id }) => id)]
        await Promise.all(all.map((id) => b.person.reach(id, 'ready', 60_000)))
        for (const session of await Promise.all(all.map(c.session))) {
            const own = session.id === first ? page : await context.newPage()
            b.tabs.push(new Tab(own, session))
        }
        for (const name of ['h1', 'h2']) assert.equal(b.on(name).length, 2, `on ${name}`)
    })
    await t.test('browser: each is opened through the tunnel, with its own picture and keys', async () => {
        for (const tab of b.tabs) {
            if (!tab.is_at_its_desktop()) await tab.page.goto(`/desktops/${tab.session.id}`)
            tab.container = await tab.is_usable(c, 'a')
        }
        assert.equal(new Set(b.tabs.map(({ container }) => container)).size, 4)
        await b.picture(b.on('h1')[0].page, 'desktop-h1')
        await b.picture(b.on('h2')[0].page, 'desktop-h2')
    })
}

async function cut_host(t, c, b) {
    await t.test('F-50 browser: the pages of a cut host say what happens, and nothing ends', async () => {
        await c.host('h1').cut()
        await c.is_away('h1')
        for (const tab of b.on('h1')) {
            await c.has_condition(tab.session.id, 'unknown')
            await tab.says_that_the_machine_does_not_answer()
            assert.ok(tab.is_at_its_desktop(), tab.page.url())
        }
        await b.picture(b.on('h1')[0].page, 'desktop-cut')
        for (const tab of b.on('h2')) await tab.is_usable(c, 'b')
    })
    await t.test('browser: home and the page of hosts say it, too', async () => {
        const home = await b.pupil.context.newPage()
        await home.goto('/')
        for (const { session } of b.on('h1'))
            await home.locator(`[data-id="${session.id}"] [data-testid=no-answer]`).waitFor()
        for (const { session } of b.on('h2'))
            assert.equal(await home.locator(`[data-id="${session.id}"] [data-testid=no-answer]`).count(), 0)
        await b.picture(home, 'home-cut')
        b.home = home

        const { page } = b.staff
        await signIn(page, { user: 'admin', password: admin_password })
        await page.goto('/admin/hosts')
        await page.locator('[data-host=h2][data-state=up]').waitFor()
        const state = await page.locator('[data-testid=host-card][data-host=h1]').getAttribute('data-state')
        assert.ok(away.includes(state), state)
        await b.picture(page, 'hosts-cut')
    })
    await t.test('browser: a desktop started meanwhile comes to the other host', async () => {
        await b.home.locator('[data-template=second] [data-testid=start]').click()
        await b.home.locator(connected).waitFor()
        const tab = new Tab(b.home, await c.session(new URL(b.home.url()).pathname.split('/').at(-1)))
        assert.equal(tab.session.host, 'h2')
        tab.container = await tab.is_usable(c, 'c')
        b.tabs.push(tab)
    })
}

async function heal_host(t, c, b) {
    await t.test('I-28 browser: healed, the same desktops are usable again, and nothing is doubled', async () => {
        await c.host('h1').heal()
        await c.is_back('h1')
        for (const tab of b.tabs) {
            await c.has_condition(tab.session.id, 'ok')
            await tab.page.getByTestId('no-answer').waitFor({ state: 'detached' })
            assert.equal(await tab.is_usable(c, 'd'), tab.container)
            assert.ok(tab.is_at_its_desktop(), tab.page.url())
        }
        await b.picture(b.on('h1')[0].page, 'desktop-healed')
        await b.staff.page.locator('[data-testid=host-card][data-host=h1][data-state=up]').waitFor()
        await b.picture(b.staff.page, 'hosts-healed')
        const { items } = (await b.person.get('/api/v1/sessions?state=live')).json
        assert.deepEqual(items.map(({ id }) => id).sort(), b.tabs.map(({ session }) => session.id).sort())
        await c.checker.at_rest()
    })
    await t.test('browser: no script error and no violation of the policy on the way', async () =>
        assert.deepEqual(b.complaints, []),
    )
}

export default async function browser(t) {
    if (!existsSync(join(web_dir, 'index.html'))) {
        const missing = new Error('web/dist is missing: run npm ci and npm run build in web/')
        return t.test('browser: the pages are built', () => Promise.reject(missing))
    }
    const config = { templates, server: { web_dir } }
    await with_cluster(t, 'browser', 2, { config }, (c) =>
        with_browser(c, async (b) => {
            await open_desktops(t, c, b)
            await cut_host(t, c, b)
            await heal_host(t, c, b)
        }),
    )
}
