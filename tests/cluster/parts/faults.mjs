// SPDX-License-Identifier: Apache-2.0
// The fault table with real hosts: each fault is done to one of two hosts, heals, and the checker looks at everything.

import { faults_of_engines } from './faults_engine.mjs'
import { faults_of_containers } from './faults_container.mjs'
import { faults_of_the_network } from './faults_network.mjs'
import { faults_of_sshd } from './faults_sshd.mjs'
import { with_cluster } from '../lib/cluster.mjs'

const groups = {
    engine: faults_of_engines,
    container: faults_of_containers,
    network: faults_of_the_network,
    sshd: faults_of_sshd,
}

export default async function faults(t) {
    const wanted = process.env.BERTH_CLUSTER_FAULTS?.split(',') ?? Object.keys(groups)
    for (const what of wanted) {
        if (!groups[what]) throw new Error(`BERTH_CLUSTER_FAULTS: there are ${Object.keys(groups)}`)
        await with_cluster(t, `faults, ${what}`, 2, { options: { relay: true } }, async (c) => {
            c.person = await c.server.person('pupil')
            await groups[what](t, c)
        })
    }
}
