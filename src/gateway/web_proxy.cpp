// SPDX-License-Identifier: Apache-2.0
#include "gateway/web_proxy.hpp"

#include "base/scope_exit.hpp"
#include "gateway/input_frames.hpp"
#include "gateway/proxy_headers.hpp"
#include "gateway/splice.hpp"
#include "http/answer.hpp"
#include "http/field_rules.hpp"
#include "net/deadline.hpp"
#include "net/dialer.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;
using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t cookie_bytes = 32;
constexpr std::string_view enter_path = "/.berth/enter";

// For the person in whose tab the application should be.
http::Response page(int status, std::string_view title, std::string_view sentence) {
    std::string body{R"(<!doctype html><html lang="en"><meta charset="utf-8">)"};
    body += R"(<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>)";
    body.append(title).append("</title><p>").append(sentence).append("\n");
    return http::Response{status, std::move(body), "text/html; charset=utf-8"};
}

http::Response closed_page() {
    return page(403, "Closed", "Open this application from your desktops again.");
}

http::Response silent_page(Errc code) {
    return page(
        code == Errc::timed_out ? 504 : 502, "No answer",
        "This application does not answer at the moment. Reload the page in a while."
    );
}

// "ticket=…" alone; a ticket needs no percent-encoding.
std::optional<std::string> posted_ticket(const http::Request& request) {
    const auto type = request.header("Content-Type");
    const auto media = http::trim(type.substr(0, type.find(';')));
    constexpr std::string_view field = "ticket=";
    const std::string_view body = request.body;
    if (!http::iequals(media, "application/x-www-form-urlencoded") || !body.starts_with(field))
        return std::nullopt;
    const auto ticket = body.substr(field.size());
    const bool is_plain =
        !ticket.empty() && ticket.size() <= 128 && std::ranges::all_of(ticket, [](unsigned char c) {
            return std::isalnum(c) || c == '-' || c == '_';
        });
    if (!is_plain) return std::nullopt;
    return std::string{ticket};
}

bool is_upgrade(const http::Request& request) {
    return http::list_contains(request.header("Connection"), "upgrade") &&
           http::list_contains(request.header("Upgrade"), "websocket");
}

// The container's endpoint as something to dial.
class ContainerDialer final : public net::Dialer {
public:
    explicit ContainerDialer(const Admitted& admitted)
        : admitted_{admitted} {}
    Task<Result<net::ByteStreamPtr>> dial(net::Executor executor, Deadline deadline) override {
        co_return co_await admitted_.host->dial(
            admitted_.container, admitted_.port, net::Traffic::bulk, std::move(executor), deadline
        );
    }
    std::string describe() const override { return "web endpoint"; }

private:
    const Admitted& admitted_;
};

} // namespace

struct WebProxy::Visit {
    Visit(Admitted admitted_, net::Executor core)
        : admitted{std::move(admitted_)}
        , dialer{admitted}
        , client{std::move(core), dialer, net::HttpClient::Config{}} {}
    Admitted admitted;
    ContainerDialer dialer;
    net::HttpClient client;
    Steady::time_point last_seen{};
    Steady::time_point last_report{};
    int under_way = 0; // requests and WebSockets
    bool is_present = false;
    bool is_ended = false;
    std::set<net::ByteStream*> open; // of the WebSockets, both sides
};

struct WebProxy::Busy {
    explicit Busy(VisitPtr visit_)
        : visit{std::move(visit_)} {
        ++visit->under_way;
    }
    ~Busy() {
        --visit->under_way;
        visit->last_seen = Steady::now();
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    VisitPtr visit;
};

WebProxy::WebProxy(
    net::Executor core, Admission& admission, RandomSource& random, WebProxyConfig config
)
    : core_{std::move(core)}
    , admission_{admission}
    , random_{random}
    , config_{std::move(config)}
    , scope_{core_, "web_proxy"} {}

WebProxy::~WebProxy() = default;

std::optional<SessionId> WebProxy::session_of(std::string_view host) const {
    host = host.substr(0, host.rfind(':'));
    if (host.size() != session_id_length + 1 + config_.apps_domain.size()) return std::nullopt;
    if (host[session_id_length] != '.' || !host.ends_with(config_.apps_domain)) return std::nullopt;
    return parse_session_id(host.substr(0, session_id_length));
}

Task<http::Response> WebProxy::handle(http::Request& request) {
    const auto session = session_of(request.host);
    if (!session) co_return page(404, "Not found", "There is no such application.");
    if (request.path == enter_path) co_return co_await enter(request, *session);
    auto visit = visit_of(request, *session);
    const bool wants_upgrade = is_upgrade(request);
    if (!visit) co_return closed_page();
    if (!is_own_request(request, wants_upgrade)) co_return turn_away(Refusal::origin);
    seen(*visit);
    if (wants_upgrade) co_return co_await upgrade(request, std::move(visit));
    co_return co_await pass(request, std::move(visit));
}

// No check of the Origin: our pages send none across origins (their referrer policy makes it
// "null"), and without a ticket, which is good once, there is nothing to gain.
Task<http::Response> WebProxy::enter(http::Request& request, SessionId session) {
    if (request.method != "POST") co_return turn_away(Refusal::request);
    auto ticket = posted_ticket(request);
    if (!ticket) co_return turn_away(Refusal::request);
    auto text = std::move(*ticket);
    auto admitted = co_await admission_.admit(std::move(text));
    if (!admitted) co_return turn_away(refusal_for(admitted.error().code()));
    // No such ticket is given out. Nothing here could tell looking from acting.
    const bool may_only_look = admitted->rights != session::Rights::control;
    if (admitted->protocol != session::Protocol::web || admitted->session != session || may_only_look)
        co_return turn_away(Refusal::ticket);
    if (visits_.size() >= config_.visits)
        std::erase_if(visits_, [](const auto& item) { return !item.second->is_present; });
    if (visits_.size() >= config_.visits) {
        refusals_.count(Refusal::full);
        co_return page(503, "Full", "Too many applications are open at the moment.");
    }
    auto visit = std::make_shared<Visit>(std::move(*admitted), core_);
    auto cookie = make_token(random_, cookie_bytes);
    seen(*visit);
    visits_.emplace(cookie, std::move(visit));
    http::Response response{303};
    response.headers.emplace_back("Location", "/");
    response.headers.emplace_back(
        "Set-Cookie",
        std::string{app_cookie} + "=" + cookie + "; Path=/; HttpOnly; SameSite=Lax" +
            (request.is_secure ? "; Secure" : "")
    );
    co_return response;
}

http::Response WebProxy::turn_away(Refusal why) {
    refusals_.count(why);
    return closed_page();
}

WebProxy::VisitPtr WebProxy::visit_of(const http::Request& request, const SessionId& session) {
    const auto cookie = request.cookie(app_cookie);
    if (!cookie) return nullptr;
    const auto found = visits_.find(*cookie);
    if (found == visits_.end() || found->second->admitted.session != session) return nullptr;
    return found->second;
}

void WebProxy::seen(Visit& visit) {
    visit.last_seen = Steady::now();
    if (!visit.is_present) {
        visit.is_present = true;
        admission_.viewer_joined(visit.admitted.session, visit.admitted.rights);
    }
    sample_input(visit);
}

void WebProxy::sample_input(Visit& visit) {
    const auto now = Steady::now();
    if (now - visit.last_report < 1s) return;
    visit.last_report = now;
    admission_.input_seen(visit.admitted.session);
}

void WebProxy::leave(Visit& visit) {
    if (!visit.is_present) return;
    visit.is_present = false;
    admission_.viewer_left(visit.admitted.session, visit.admitted.rights);
}

Task<http::Response> WebProxy::pass(http::Request& request, VisitPtr visit) {
    auto busy = std::make_shared<Busy>(visit);
    net::HttpRequest made;
    made.method = request.method;
    made.target = request.target;
    made.headers = to_container(request);
    made.body = std::move(request.body);
    made.is_idempotent = request.method == "GET" || request.method == "HEAD";
    auto opened = co_await visit->client.open(std::move(made), request.deadline);
    if (!opened) co_return silent_page(opened.error().code());
    http::Response response;
    std::shared_ptr<net::HttpBodyStream> body = std::move(*opened);
    response.status = body->head().status;
    response.headers = to_browser(body->head().headers);
    // A plain function that starts a coroutine: the state goes in as parameters.
    response.producer = [busy, body](http::BodyWriter& writer) {
        auto produce = [](std::shared_ptr<Busy> held,
                          std::shared_ptr<net::HttpBodyStream> from,
                          http::BodyWriter& to) -> Task<void> {
            while (!held->visit->is_ended) {
                auto piece = co_await from->next();
                // The answer must not look complete when it is not.
                if (!piece) throw std::runtime_error{"the application's answer ended early"};
                if (piece->empty()) co_return;
                auto written = co_await to.write(*piece);
                if (!written) co_return;
            }
        };
        return produce(busy, body, writer);
    };
    co_return response;
}

Task<http::Response> WebProxy::upgrade(http::Request& request, VisitPtr visit) {
    net::HttpRequest made;
    made.method = request.method;
    made.target = request.target;
    made.headers = to_container(request);
    made.headers.emplace_back("Connection", "Upgrade");
    made.headers.emplace_back("Upgrade", "websocket");
    auto upgraded = co_await visit->client.upgrade(std::move(made), request.deadline);
    if (!upgraded || upgraded->head.status != 101)
        co_return page(502, "No answer", "The application refused the WebSocket.");
    auto container = std::make_shared<net::HttpUpgrade>(std::move(*upgraded));
    http::Response response;
    response.takeover =
        [this, visit, container](net::ByteStreamPtr browser, http::Request, std::string early) {
            return join(visit, std::move(browser), std::move(*container), std::move(early));
        };
    co_return response;
}

Task<void> WebProxy::join(
    VisitPtr visit, net::ByteStreamPtr browser, net::HttpUpgrade container, std::string early
) {
    if (visit->is_ended) co_return;
    const Busy busy{visit};
    std::string head =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    for (const auto& [name, value] : to_browser(container.head.headers))
        if (http::iequals(name.substr(0, 14), "sec-websocket-"))
            head += name + ": " + value + "\r\n";
    head += "\r\n";
    head += container.early;
    auto* const streams = &visit->open;
    streams->insert({browser.get(), container.stream.get()});
    ScopeExit forget{[streams, a = browser.get(), b = container.stream.get()] {
        streams->erase(a);
        streams->erase(b);
    }};
    InputFrames frames;
    const Onlooker from_browser = [this, &frames, &visit](std::string_view bytes) {
        if (frames.pass(bytes)) sample_input(*visit);
    };
    from_browser(early);
    auto answered = co_await browser->write_all(asio::buffer(head));
    auto passed = co_await container.stream->write_all(asio::buffer(early));
    if (answered && passed)
        co_await splice(*browser, *container.stream, buffers_, from_browser);
}

template <class Condition>
void WebProxy::end_where(Condition condition) {
    std::erase_if(visits_, [&](const auto& item) {
        auto& visit = *item.second;
        if (!condition(visit)) return false;
        visit.is_ended = true;
        for (auto* stream : visit.open)
            stream->close();
        leave(visit);
        return true;
    });
}

void WebProxy::close_session(const SessionId& session, session::EndReason) {
    end_where([&](const Visit& visit) { return visit.admitted.session == session; });
}

void WebProxy::close_login(std::string_view login_id) {
    end_where([&](const Visit& visit) { return visit.admitted.login_id == login_id; });
}

Task<void> WebProxy::look_after() {
    for (;;) {
        co_await net::sleep_for(std::min<Milliseconds>(config_.away_after / 4, 15s));
        const auto now = Steady::now();
        for (auto& [cookie, visit] : visits_)
            if (visit->under_way == 0 && now - visit->last_seen > config_.away_after) leave(*visit);
    }
}

void WebProxy::start() {
    scope_.spawn(look_after());
}

Task<void> WebProxy::stop() {
    end_where([](const Visit&) { return true; });
    co_await scope_.stop();
}

} // namespace berth::gateway
