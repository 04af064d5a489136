// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "base/log.hpp"
#include "docker/docker_host.hpp"
#include "docker/labels.hpp"
#include "docker/order.hpp"
#include "net/deadline.hpp"

#include <algorithm>

namespace berth::docker {
namespace {

constexpr Milliseconds first_pause{100};
constexpr std::size_t remembered_ooms = 256;
constexpr Seconds overlap{1};

// A second before the engine's own now: its answer's head is sent before its subscription begins,
// and an event between the two would be lost. What comes twice does no harm.
std::string shortly_before(const std::string& system_time) {
    auto time = parse_rfc3339(system_time);
    if (!time) return {};
    auto seconds = std::chrono::floor<Seconds>(*time - overlap).time_since_epoch();
    return std::to_string(seconds.count());
}

session::ContainerGone gone_because(session::EndReason reason, std::string detail) {
    session::ContainerGone gone;
    gone.reason = reason;
    gone.detail = std::move(detail);
    return gone;
}

std::string exit_text(const EngineEvent& event) {
    auto code = event.attributes.find("exitCode");
    return "the container ended with exit code " +
           (code == event.attributes.end() ? "unknown" : log_safe(code->second, 12));
}

} // namespace

Task<void> DockerHost::watch(std::function<void(broker::HostNotice)> notice) {
    auto pause = first_pause;
    while (true) {
        auto before = std::chrono::steady_clock::now();
        auto status = co_await follow_events(notice);
        if (!status && !are_events_lost_) {
            are_events_lost_ = true; // logged on change only
            log("docker").warn(
                "events_lost host={} reason={}", config_.name, log_safe(describe(status.error()))
            );
        }
        bool had_life = std::chrono::steady_clock::now() - before > config_.watch_retry_longest;
        pause = had_life ? first_pause : std::min(pause * 2, config_.watch_retry_longest);
        co_await net::sleep_for(pause);
    }
}

Task<Result<EventStreamPtr>> DockerHost::open_events() {
    auto deadline = deadline_in(limits::engine_list);
    auto info = co_await client_.info(deadline);
    if (!info) co_return info.error();
    std::vector<std::string> types, wanted, actions;
    types.emplace_back("container");
    wanted.push_back(label(labels::deployment, config_.deployment));
    for (const char* action : {"die", "oom", "destroy"})
        actions.emplace_back(action);
    EventsOptions options;
    options.filters.emplace_back("type", std::move(types));
    options.filters.emplace_back("label", std::move(wanted));
    options.filters.emplace_back("event", std::move(actions));
    options.since = shortly_before(info->system_time);
    co_return co_await client_.events(std::move(options), deadline);
}

Task<Status> DockerHost::follow_events(Notice& notice) {
    auto stream = co_await open_events();
    if (!stream) co_return stream.error();
    if (are_events_lost_) log("docker").info("events_back host={}", config_.name);
    are_events_lost_ = false;
    broker::HostNotice gap;
    gap.is_gap = true;
    notice(std::move(gap));
    while (true) {
        auto waiting = (*stream)->next();
        auto event =
            co_await net::with_deadline(std::move(waiting), deadline_in(config_.watch_silence));
        // Silence may be peace or a dead connection: a new one tells.
        if (!event && event.error().code() == Errc::timed_out) co_return Status{};
        if (!event) co_return event.error();
        if (!*event) co_return Error{Errc::host_unreachable, "the engine ended its event stream"};
        co_await on_event(std::move(**event), notice);
    }
}

bool DockerHost::is_our_doing(const broker::HostNotice& notice, const std::string& container)
    const {
    return endings_.contains({notice.session.str(), notice.generation}) ||
           std::ranges::find(ended_, container) != ended_.end();
}

Task<void> DockerHost::on_event(EngineEvent event, Notice& notice) {
    auto identity = identity_from(event.attributes, config_.deployment);
    if (event.type != "container" || !identity) co_return;
    broker::HostNotice news;
    news.session = std::move(identity->session);
    news.generation = identity->generation;
    if (event.action == "oom") {
        out_of_memory_.push_back(event.id);
        if (out_of_memory_.size() > remembered_ooms) out_of_memory_.pop_front();
        co_return;
    }
    if (is_our_doing(news, event.id)) co_return;
    if (event.action == "destroy") {
        news.gone = gone_because(
            session::EndReason::removed_outside, "the container was removed by somebody else"
        );
        notice(std::move(news));
        co_return;
    }
    if (event.action != "die") co_return;
    // One look tells an end by memory or by a removal from an ordinary one.
    auto details =
        co_await client_.container_inspect(event.id, deadline_in(limits::engine_inspect));
    bool is_removed = details ? details->status == ContainerStatus::removing ||
                                    details->status == ContainerStatus::dead
                              : details.error().code() == Errc::not_found;
    // Running again already: an old event, or somebody restarted it by hand.
    if (details && details->status == ContainerStatus::running) co_return;
    bool is_oom = (details && details->is_oom_killed) ||
                  std::ranges::find(out_of_memory_, event.id) != out_of_memory_.end();
    if (is_removed)
        news.gone = gone_because(
            session::EndReason::removed_outside, "the container was removed by somebody else"
        );
    else if (is_oom)
        news.gone = gone_because(
            session::EndReason::out_of_memory, "the container went over its memory limit"
        );
    else
        news.gone = gone_because(session::EndReason::container_died, exit_text(event));
    notice(std::move(news));
}

} // namespace berth::docker
