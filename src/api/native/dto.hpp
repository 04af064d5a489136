// SPDX-License-Identifier: Apache-2.0
#pragma once
// Our values in the JSON of this surface. The words are those of docs/api/openapi.json; a test
// checks every answer against it.

#include "access/policy.hpp"
#include "broker/accounts.hpp"
#include "broker/host_registry.hpp"
#include "broker/host_service.hpp"
#include "broker/session_service.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace berth::api::native {

// How the host of a session stands.
struct HostNow {
    bool is_reachable = true;
    const broker::HostModeRecord* mode = nullptr; // nullptr: it has none yet, or is none any more
};

// How much of a session its reader may see.
struct Reader {
    std::string realm, subject;
    bool is_staff = false;       // host names and operator texts
    bool shows_host = false;     // owners too learn the host's name
};
Reader reader_of(const access::Caller& caller, bool shows_host);

boost::json::object session_json(const session::Session& session, const broker::Catalog& catalog,
                                 const std::optional<broker::QueuePlace>& place, const HostNow& host,
                                 const Reader& reader, TimePoint now);
boost::json::object template_json(const broker::Template& one, const broker::Availability& availability,
                                  std::optional<Milliseconds> typical_start);
boost::json::object host_json(const broker::HostEntry& host, const broker::Catalog& catalog,
                              const broker::HostService& service);
boost::json::object host_body_json(const broker::HostDefinition& definition); // as POST /hosts takes it
boost::json::object history_json(const broker::HostEntry& host);
boost::json::object host_event_json(const broker::EventRecord& event);
boost::json::object step_json(const broker::TestStep& step);
boost::json::array steps_json(const std::vector<broker::TestStep>& steps);
boost::json::value pull_json(const broker::PullState& pull);
boost::json::value shown_key_json(const broker::HostAccess& access); // of a host that was not added
boost::json::object account_json(const broker::Account& account);
boost::json::object token_json(const broker::Credential& token);
boost::json::value time_json(const std::optional<TimePoint>& time);

} // namespace berth::api::native
