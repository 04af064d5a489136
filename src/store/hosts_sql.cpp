// SPDX-License-Identifier: Apache-2.0
#include "store/hosts_sql.hpp"

#include "store/connection.hpp"
#include "store/json_reader.hpp"
#include "store/rows.hpp"

#include <boost/json/serialize.hpp>

namespace berth::store {
namespace {

namespace json = boost::json;
using broker::HostDefinition, broker::HostRecord;

struct HostRow {
    std::string name, definition, mode, message; // no definition: a host of the configuration
    std::optional<long long> until;
    long long updated_at = 0; // for people who read the table
};

void prepare(soci::statement& statement, const std::string& query) {
    statement.alloc();
    statement.prepare(query);
    statement.define_and_bind();
}

std::string encode_definition(const HostDefinition& host) {
    json::object object;
    object["endpoint"] = host.endpoint;
    object["weight"] = static_cast<std::int64_t>(host.weight);
    object["capacity_sessions"] = static_cast<std::int64_t>(host.capacity_sessions);
    object["memory_bytes"] = host.memory_bytes;
    object["nano_cpus"] = host.nano_cpus;
    object["creating_limit"] = static_cast<std::int64_t>(host.creating_limit);
    json::object labels;
    for (const auto& [name, value] : host.labels) labels[name] = value;
    object["labels"] = std::move(labels);
    object["public_name"] = host.public_name;
    object["data_path"] = word_of(host.data_path);
    object["transport"] = word_of(host.transport);
    object["max_connections"] = static_cast<std::int64_t>(host.max_connections);
    object["tls_directory"] = host.tls_directory;
    return json::serialize(object);
}

std::map<std::string, std::string> labels_of(JsonReader& r, const json::value& value) {
    std::map<std::string, std::string> labels;
    const auto* object = value.if_object();
    if (object == nullptr) return r.fail("labels", "not an object"), labels;
    for (const auto& item : *object) labels[std::string{item.key()}] = r.text(item.value(), "labels");
    return labels;
}

Result<HostDefinition> decode_definition(std::string_view text) {
    JsonReader r;
    auto value = r.parse(text);
    const auto& object = r.object(value, 12);
    auto text_at = [&](std::string_view name) { return r.text(r.member(object, name), name); };
    auto number_at = [&](std::string_view name) { return r.number<int>(r.member(object, name), name); };
    HostDefinition host;
    host.endpoint = text_at("endpoint");
    host.weight = number_at("weight");
    host.capacity_sessions = number_at("capacity_sessions");
    host.memory_bytes = r.number<std::int64_t>(r.member(object, "memory_bytes"), "memory_bytes");
    host.nano_cpus = r.number<std::int64_t>(r.member(object, "nano_cpus"), "nano_cpus");
    host.creating_limit = number_at("creating_limit");
    host.labels = labels_of(r, r.member(object, "labels"));
    host.public_name = text_at("public_name");
    host.data_path = r.word<broker::DataPath>(r.member(object, "data_path"), "data_path");
    host.transport = r.word<broker::SshTransport>(r.member(object, "transport"), "transport");
    host.max_connections = number_at("max_connections");
    host.tls_directory = text_at("tls_directory");
    host.origin = broker::HostOrigin::added;
    if (r.has_failed()) return r.error();
    return host;
}

HostRow encode_host(const HostRecord& record) {
    HostRow row;
    row.name = record.name.str();
    if (record.definition) row.definition = encode_definition(*record.definition);
    row.mode = word_of(record.mode.mode);
    row.message = record.mode.message;
    row.until = to_number(record.mode.until);
    auto now = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
    row.updated_at = to_number(now);
    return row;
}

Result<HostRecord> decode_host(const HostRow& row) {
    auto where = "stored host " + row.name;
    HostRecord record;
    record.name = HostId{row.name};
    auto mode = from_word<broker::HostMode>(row.mode);
    if (!mode) return Error{Errc::internal, where + ": mode: unknown word"};
    record.mode.mode = *mode;
    record.mode.message = row.message;
    record.mode.until = to_time(row.until);
    if (row.definition.empty()) return record;
    auto definition = decode_definition(row.definition);
    if (!definition) return Error{definition.error()}.with_context(where + ": definition");
    definition->name = record.name;
    record.definition = std::move(*definition);
    return record;
}

} // namespace

Result<std::vector<HostRecord>> load_hosts(Connection& connection) {
    return guarded(connection, "load hosts", [&]() -> Result<std::vector<HostRecord>> {
        HostRow row;
        soci::statement rows{connection.sql()};
        auto all = [&](auto&... members) { (rows.exchange(soci::into(members)), ...); };
        all(row.name, row.definition, row.mode, row.message, row.until);
        prepare(rows, "SELECT name, definition, mode, maintenance_message, maintenance_until FROM hosts ORDER BY name");
        rows.execute();
        std::vector<HostRecord> hosts;
        while (rows.fetch()) {
            auto host = decode_host(row);
            if (!host) return host.error();
            hosts.push_back(std::move(*host));
        }
        return hosts;
    });
}

Status put_host(Connection& connection, const HostRecord& record) {
    return guarded(connection, "put host", [&]() -> Status {
        auto row = encode_host(record);
        Transaction transaction{connection};
        soci::statement statement{connection.sql()};
        auto all = [&](auto&... members) { (statement.exchange(soci::use(members)), ...); };
        all(row.name, row.definition, row.mode, row.message, row.until, row.updated_at);
        prepare(
            statement,
            "INSERT INTO hosts (name, definition, mode, maintenance_message, maintenance_until, updated_at)"
            " VALUES (:name, :definition, :mode, :message, :until, :updated)"
            " ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, mode = excluded.mode,"
            " maintenance_message = excluded.maintenance_message,"
            " maintenance_until = excluded.maintenance_until, updated_at = excluded.updated_at"
        );
        statement.execute(true);
        transaction.commit();
        return {};
    });
}

Status remove_host(Connection& connection, const HostId& name) {
    return guarded(connection, "remove host", [&]() -> Status {
        Transaction transaction{connection};
        const std::string key = name.str();
        connection.sql() << "DELETE FROM hosts WHERE name = :name", soci::use(key);
        transaction.commit();
        return {};
    });
}

} // namespace berth::store
