// SPDX-License-Identifier: Apache-2.0
#include "api/native/native_api.hpp"

#include "base/limits.hpp"
#include "base/scope_exit.hpp"
#include "http/sse.hpp"

#include <boost/json/serialize.hpp>

namespace berth::api::native {
namespace {

std::string owner_key(const std::string& realm, const std::string& subject) { return realm + "/" + subject; }

} // namespace

// Every change goes out in two views: what the owner may see and what staff may see.
void NativeApi::publish(const session::Session& session) {
    auto key = owner_key(session.owner.realm, session.owner.subject);
    Reader owner;
    owner.realm = session.owner.realm;
    owner.subject = session.owner.subject;
    owner.shows_host = config_.shows_host;
    events::Event event;
    event.type = "session";
    event.owner = key;
    event.audience = events::to_owner;
    event.data = boost::json::serialize(view(session, owner));
    parts_.hub.publish(std::move(event));
    Reader staff;
    staff.is_staff = true;
    events::Event other;
    other.type = "session";
    other.owner = key;
    other.audience = events::to_staff;
    other.data = boost::json::serialize(view(session, staff));
    parts_.hub.publish(std::move(other));
}

void NativeApi::publish(const HostId& host) {
    const auto* entry = parts_.hosts.find(host);
    events::Event event;
    event.type = entry ? "host" : "host_removed";
    event.audience = events::to_staff;
    boost::json::object gone{{"name", host.str()}};
    event.data = boost::json::serialize(
        entry ? host_json(*entry, parts_.sessions.catalog(), parts_.host_service) : std::move(gone));
    parts_.hub.publish(std::move(event));
}

net::Task<http::Response> NativeApi::events(Request& request) {
    auto scope = request.query_value("scope").value_or("mine");
    if (scope != "mine" && scope != "all")
        co_return problem(Error{Errc::invalid_input, "scope"}.with_field("?scope", "mine or all"), request);
    if (scope == "all") {
        if (auto allowed = access::may(caller(request), access::Action::see_all_events); !allowed)
            co_return problem(allowed.error(), request);
    }
    auto after = http::resume_id(request);
    if (!after) co_return problem(after.error(), request);
    auto who = principal(request);
    auto open = streams_.find(who.caller.subject);
    if (open != streams_.end() && open->second >= limits::sse_streams_per_user)
        co_return problem(Error{Errc::rate_limited, "streams", "Too many windows are open."}.with_retry_after(5), request);
    co_return http::event_stream([this, who, everybody = scope == "all", from = *after](http::BodyWriter& writer) {
        return stream(writer, who, everybody, from);
    });
}

net::Task<void> NativeApi::stream(
    http::BodyWriter& writer, Principal who, bool is_everybody, std::optional<std::uint64_t> after
) {
    auto key = owner_key(who.caller.realm, who.caller.subject);
    auto& count = ++streams_[who.caller.subject];
    (void)count;
    ScopeExit leave{[this, subject = who.caller.subject] {
        if (--streams_[subject] == 0) streams_.erase(subject);
    }};
    auto subscriber = parts_.hub.subscribe(after, [key, is_everybody](const events::Event& event) {
        if (event.owner == key) return (event.audience & events::to_owner) != 0;
        return is_everybody && (event.audience & (events::to_staff | events::to_everyone)) != 0;
    });
    if (!subscriber) co_return;
    auto hello = http::encode_retry(http::sse_retry_ms)
               + http::encode_event(parts_.hub.last_sequence(), "hello", "{\"now\":\"" + format_rfc3339(parts_.clock.now()) + "\"}");
    if (after) hello = http::encode_retry(http::sse_retry_ms);
    auto sent = co_await writer.write(hello);
    while (sent) {
        auto next = co_await subscriber->next(deadline_in(limits::sse_heartbeat));
        // Looked at anew for each batch: a right that was taken away ends the stream (H-36).
        auto holds = co_await still_holds(who);
        if (!holds) co_return;
        std::string text;
        if (!next && next.error().code() == Errc::timed_out) {
            text = http::heartbeat();
        } else if (!next) {
            co_return;
        } else {
            if (next->is_reset) text += http::encode_event(parts_.hub.last_sequence(), "reset", "{}");
            for (const auto& event : next->events) text += http::encode_event(event->sequence, event->type, event->data);
        }
        sent = co_await writer.write(text);
    }
}

} // namespace berth::api::native
