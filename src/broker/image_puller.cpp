// SPDX-License-Identifier: Apache-2.0
#include "broker/image_puller.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace berth::broker {
namespace {

using Now = std::chrono::steady_clock;

Error not_fetched(const Error& error) {
    return Error{Errc::image_missing, error.operator_text(), "The image of this desktop could not be fetched."};
}

} // namespace

ImagePuller::ImagePuller(net::Executor executor, HostRegistry& hosts, EventSink& sink, PullConfig config)
    : hosts_{hosts}
    , sink_{sink}
    , config_{config}
    , scope_{std::move(executor), "image pulls"} {}

net::Task<void> ImagePuller::stop() {
    is_stopping_ = true;
    waiting_.clear();
    co_await scope_.stop();
    pulls_.clear();
}

// ---- who asks -------------------------------------------------------------------------------------

Status ImagePuller::request(const HostId& host, const std::string& image) {
    if (is_stopping_) return Error{Errc::shutting_down, "image pulls"};
    Key key{host, image};
    if (pulls_.contains(key)) return {};
    if (!hosts_.find(host)) return Error{Errc::not_found, "no host " + host.str(), "There is no such host."};
    if (waiting_.size() >= config_.waiting)
        return Error{Errc::rate_limited, "image pulls", "Too many images are being fetched at the moment."}.with_retry_after(60);
    Pull pull;
    pull.state.text = "waiting";
    pulls_.emplace(key, std::move(pull));
    waiting_.push_back(std::move(key));
    sink_.host_changed(host);
    begin_waiting();
    return {};
}

std::optional<Error> ImagePuller::fetch_for(const placement::Need& need, int waiting) {
    if (auto error = spent(need.image)) return error;
    long room = 0;
    for (const auto& host : hosts_.lacking_image(need)) {
        Key key{host, need.image};
        if (!pulls_.contains(key)) {
            if (is_held_back(key)) continue;
            // Refused for now: asked again when a fetch has ended.
            if (!request(host, need.image)) return std::nullopt;
        }
        room += room_of(host, waiting);
        if (room >= waiting) break;
    }
    if (room > 0) return std::nullopt;
    for (const auto& [key, failure] : failures_) {
        if (key.second == need.image && is_held_back(key)) return not_fetched(failure.error);
    }
    return Error{Errc::image_missing, "no host to fetch " + need.image + " to",
                 "The image of this desktop is not available at the moment."};
}

// A host without a limit takes all; one that is full keeps a place for when it is not.
long ImagePuller::room_of(const HostId& host, long wanted) const {
    const auto* entry = hosts_.find(host);
    if (!entry || entry->view.capacity == 0) return wanted;
    return std::max(1, entry->view.capacity - entry->view.used);
}

bool ImagePuller::is_held_back(const Key& key) const {
    auto failed = failures_.find(key);
    return failed != failures_.end() && Now::now() < failed->second.retry_at;
}

// An image that could not be fetched to so many hosts is not tried on all the others.
std::optional<Error> ImagePuller::spent(const std::string& image) const {
    int failed = 0;
    const Error* last = nullptr;
    for (const auto& [key, failure] : failures_) {
        if (key.second != image || !is_held_back(key)) continue;
        ++failed;
        last = &failure.error;
    }
    if (failed < config_.tries) return std::nullopt;
    return not_fetched(*last);
}

// ---- one fetch ------------------------------------------------------------------------------------

bool ImagePuller::may_begin(const Key& key) const {
    int all = 0, there = 0;
    for (const auto& [other, pull] : pulls_) {
        if (!pull.is_running) continue;
        ++all;
        there += other.first == key.first;
    }
    return all < config_.at_once && there < config_.per_host;
}

void ImagePuller::begin_waiting() {
    if (is_stopping_) return;
    for (auto next = waiting_.begin(); next != waiting_.end();) {
        if (!may_begin(*next)) {
            ++next;
            continue;
        }
        auto key = std::move(*next);
        next = waiting_.erase(next);
        pulls_[key].is_running = true;
        log("broker").info("image_pull host={} image={}", key.first.str(), log_safe(key.second));
        scope_.spawn(fetch(std::move(key)));
    }
}

net::Task<void> ImagePuller::fetch(Key key) {
    Status pulled;
    {
        // Also when it is cancelled: nobody may take it for one that runs.
        ScopeExit ended{[this, &key] { pulls_.erase(key); }};
        auto carrying = carry_out(key);
        pulled = co_await std::move(carrying);
    }
    if (pulled) {
        failures_.erase(key);
        log("broker").info("image_pulled host={} image={}", key.first.str(), log_safe(key.second));
    } else {
        note_failure(key, pulled.error());
    }
    sink_.host_changed(key.first);
    begin_waiting();
    if (on_end) on_end(key.first, key.second, pulled);
}

net::Task<Status> ImagePuller::carry_out(Key key) {
    auto engine = hosts_.engine(key.first);
    if (!engine) co_return Error{Errc::host_unreachable, "the host is not there any more"};
    std::function<void(const PullState&)> progress = [this, &key](const PullState& state) { note_progress(key, state); };
    auto limit = deadline_in(config_.limit);
    auto pulling = engine->pull(key.second, std::move(progress), limit);
    // The second bound is ours: a promise is kept even by an engine object that breaks its own.
    auto limited = net::with_deadline(std::move(pulling), limit);
    auto pulled = co_await std::move(limited);
    if (!pulled) co_return pulled.error();
    // What it says of itself is known, and the scheduler sees it, before anybody is told.
    auto looking = hosts_.look_for_image(key.first, key.second, deadline_in(limits::engine_inspect));
    auto seen = co_await std::move(looking);
    if (!seen) co_return Error{seen.error()}.with_context("fetched, but not there");
    co_return Status{};
}

void ImagePuller::note_progress(const Key& key, const PullState& state) {
    auto pull = pulls_.find(key);
    if (pull == pulls_.end()) return;
    pull->second.state = state;
    pull->second.has_news = true;
    if (on_progress) on_progress();
    if (!std::exchange(pull->second.is_telling, true)) scope_.spawn(tell(key));
}

// Now and then, and the last word too, however long the registry is silent after it.
net::Task<void> ImagePuller::tell(Key key) {
    for (;;) {
        auto pull = pulls_.find(key);
        if (pull == pulls_.end()) co_return;
        pull->second.is_telling = pull->second.has_news;
        if (!std::exchange(pull->second.has_news, false)) co_return;
        sink_.host_changed(key.first);
        co_await net::sleep_for(config_.told);
    }
}

void ImagePuller::note_failure(const Key& key, const Error& error) {
    forget_old_failures();
    auto& failure = failures_[key];
    auto pause = config_.backoff_first * (1LL << std::min(failure.times, 10));
    ++failure.times;
    failure.retry_at = deadline_in(std::min<Milliseconds>(pause, config_.backoff_longest));
    failure.error = Error{error}.with_context("image " + key.second + " on host " + key.first.str());
    log("broker").warn("image_pull_failed host={} image={} {}", key.first.str(), log_safe(key.second),
                       log_safe(describe(failure.error), 500));
}

void ImagePuller::forget_old_failures() {
    auto old = Now::now() - config_.backoff_longest;
    std::erase_if(failures_, [&](const auto& one) { return one.second.retry_at < old; });
}

// ---- how it goes ----------------------------------------------------------------------------------

std::optional<PullState> ImagePuller::state_of(const HostId& host, const std::string& image) const {
    auto pull = pulls_.find(Key{host, image});
    return pull == pulls_.end() ? std::nullopt : std::optional{pull->second.state};
}

std::optional<std::string> ImagePuller::failure_of(const HostId& host, const std::string& image) const {
    auto failed = failures_.find(Key{host, image});
    return failed == failures_.end() ? std::nullopt : std::optional{failed->second.error.operator_text()};
}

std::optional<PullState> ImagePuller::furthest(const std::string& image) const {
    const Pull* best = nullptr;
    auto share = [](const Pull& one) {
        return one.state.total_bytes > 0 ? static_cast<double>(one.state.done_bytes) / static_cast<double>(one.state.total_bytes) : 0.0;
    };
    for (const auto& [key, pull] : pulls_) {
        if (key.second == image && (!best || share(pull) > share(*best))) best = &pull;
    }
    return best ? std::optional{best->state} : std::nullopt;
}

} // namespace berth::broker
