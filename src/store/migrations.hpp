// SPDX-License-Identifier: Apache-2.0
#pragma once
// Brings a database to the schema of this program. Numbered SQL files are compiled in; each runs
// once, in a transaction of its own, and is remembered with its checksum.

#include "base/error.hpp"
#include "base/time.hpp"

#include <string>
#include <vector>

namespace berth::store {

class Connection;

struct Migration {
    int number = 0;
    std::string name;     // file name without ending
    std::string checksum; // SHA-256 of the file
    std::string sql;
};

// In order of their numbers, beginning with 1, without a gap.
const std::vector<Migration>& all_migrations();

// unavailable: the schema is newer than this program, a migration that ran once has another
// content now, or the database refused. A failed migration leaves nothing behind.
Status migrate(Connection& connection, const std::vector<Migration>& migrations, TimePoint now);

} // namespace berth::store
