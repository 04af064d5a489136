// SPDX-License-Identifier: Apache-2.0
#pragma once
// The native surface: /api/v1, health, metrics. Translates HTTP into use cases and back; decides
// nothing but the form. The list of routes stands in routes.cpp, the words in docs/api/openapi.json.

#include "api/native/dto.hpp"
#include "api/native/host_tools.hpp"
#include "broker/host_service.hpp"
#include "broker/session_service.hpp"
#include "events/hub.hpp"
#include "http/router.hpp"
#include "identity/accounts.hpp"
#include "identity/authenticator.hpp"
#include "identity/tokens.hpp"
#include "metrics/registry.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace berth::api::native {

struct NativeConfig {
    // Further origins that count as ours, beside scheme and host of the request itself.
    std::vector<std::string> origins;
    bool allows_insecure_http = false; // cookies without TLS also for other machines
    bool shows_host = false;           // owners learn the host's name
    std::string apps_domain;           // host name of web endpoints: <session>.<apps_domain>
    std::string version, commit;
    std::string openapi;               // the document, as JSON
};

// Collaborators; all outlive the surface.
struct NativeParts {
    const Clock& clock;
    broker::SessionService& sessions;
    broker::HostRegistry& hosts;
    broker::HostService& host_service;
    HostTools& host_tools;
    broker::SessionStore& store;
    identity::Authenticator& authenticator;
    identity::Accounts& accounts;
    identity::Tokens& tokens;
    events::Hub& hub;
    metrics::Registry& metrics;
    broker::Viewers& viewers;
};

// Who asks, as the guard found out; what the handlers find in request.principal.
struct Principal {
    access::Caller caller;
    Secret credential; // cookie or token, to look again whether it still holds
};

class NativeApi {
public:
    NativeApi(NativeParts parts, NativeConfig config);

    // Routes of this surface. `is_local`: for the admin socket, whose file permission is the proof.
    std::vector<http::Route> routes();
    // What a monitor asks for, without a login: for listeners that only the machine's operator
    // reaches (H-38).
    std::vector<http::Route> monitor_routes();
    // Decides who asks; fails closed: a route whose policy it does not know is refused.
    http::Router::Guard guard();
    http::Router::Guard local_guard();
    // The views that go out as events; called by the event sink for every change.
    void publish(const session::Session& session);
    void publish(const HostId& host);

private:
    using Request = http::Request;
    using Response = http::Response;
    template <class T>
    using Task = net::Task<T>;

    Task<Status> identify(Request& request, http::Access access);
    Task<Result<Principal>> authenticate(const Request& request);
    Status check_origin(const Request& request) const;
    static const Principal& principal(const Request& request);
    static const access::Caller& caller(const Request& request) { return principal(request).caller; }
    Reader reader(const Request& request) const { return reader_of(caller(request), config_.shows_host); }
    Response problem(const Error& error, const Request& request) const;
    Response session_answer(int status, const session::Session& session, const Request& request) const;
    boost::json::object view(const session::Session& session, const Reader& reader) const;

    Task<Response> login(Request& request);
    Task<Response> logout(Request& request);
    Task<Response> me(Request& request);
    Task<Response> change_password(Request& request);
    Task<Response> list_tokens(Request& request);
    Task<Response> create_token(Request& request);
    Task<Response> delete_token(Request& request);
    Task<Response> list_users(Request& request);
    Task<Response> add_user(Request& request);
    Task<Response> change_user(Request& request);

    Task<Response> list_templates(Request& request);
    Task<Response> create_session(Request& request);
    Task<Response> list_sessions(Request& request);
    Task<Response> get_session(Request& request);
    Task<Response> extend_session(Request& request);
    Task<Response> stop_session(Request& request);
    Task<Response> create_ticket(Request& request);
    Task<Response> session_logs(Request& request);
    Task<Response> events(Request& request);

    Task<Response> list_hosts(Request& request);
    Task<Response> get_host(Request& request);
    Task<Response> add_host(Request& request);
    Task<Response> change_host(Request& request);
    Task<Response> remove_host(Request& request);
    Task<Response> set_host_mode(Request& request, broker::HostMode mode);
    Task<Response> host_history(Request& request);
    Task<Response> host_events(Request& request);
    Task<Response> test_host(Request& request);
    Task<Response> test_answer(const Request& request, broker::TellStep tell);
    Task<void> stream_test(http::BodyWriter& writer, std::shared_ptr<Request> request);
    Task<Response> accept_host_key(Request& request);
    Task<Response> pull_image(Request& request);
    Task<Response> list_contexts(Request& request);
    Task<Response> import_contexts(Request& request);
    Task<Response> read_hosts_file(Request& request);
    Task<Response> ssh_key(Request& request);
    Response host_answer(int status, const HostId& id, const Request& request) const;
    Response host_done(const Status& done, const HostId& id, const Request& request) const;
    Response unknown_key(const broker::HostAccess& access, const Request& request) const;

    Task<Response> health(Request& request);
    Task<Response> ready(Request& request);
    Task<Response> version(Request& request);
    Task<Response> metrics(Request& request);
    Task<Response> openapi(Request& request);
    Task<Response> unknown_path(Request& request);

    // Whose tokens: the caller's; over the admin socket the account named by ?user=.
    Task<Result<UserId>> token_owner(const Request& request);
    std::string cookie_name(const Request& request) const;
    // 204 with the cookie of a new login.
    Response signed_in(const identity::Login& login, const Request& request) const;
    Task<bool> still_holds(const Principal& who);
    Task<void> stream(http::BodyWriter& writer, Principal who, bool is_everybody,
                      std::optional<std::uint64_t> after);

    NativeParts parts_;
    NativeConfig config_;
    std::map<std::string, int> streams_; // event streams open, by subject
};

// JSON answer with the given status.
http::Response json_answer(int status, const boost::json::value& body);

} // namespace berth::api::native
