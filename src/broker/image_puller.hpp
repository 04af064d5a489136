// SPDX-License-Identifier: Apache-2.0
#pragma once
// Fetches images to hosts: each image once per host at a time whoever asks, few at once, and none
// again soon after it failed, unless a person says so. What fails here says nothing about a host.

#include "base/limits.hpp"
#include "broker/host_ports.hpp"
#include "broker/host_registry.hpp"
#include "net/task_scope.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace berth::broker {

struct PullConfig {
    PullConfig() = default;
    int at_once = limits::pulls_at_once; // over all hosts
    int per_host = limits::pulls_per_host;
    std::size_t waiting = limits::pulls_waiting;
    Milliseconds limit = limits::image_pull; // of one fetch
    Milliseconds backoff_first = limits::pull_backoff_first; // doubles with each failure
    Milliseconds backoff_longest = limits::pull_backoff_longest;
    int tries = limits::pull_tries; // hosts on which an image is tried for those who wait
    Milliseconds told = limits::pull_told;
};

// Core thread only.
class ImagePuller final : public ImagePulls {
public:
    ImagePuller(net::Executor executor, HostRegistry& hosts, EventSink& sink, PullConfig config = {});

    // Set once before the first request. `on_progress`: those who wait have come further; often.
    // `on_end`: of each fetch; the image's state on the host is up to date by then.
    std::function<void()> on_progress;
    std::function<void(const HostId&, const std::string& image, const Status&)> on_end;

    Status request(const HostId& host, const std::string& image) override;
    std::optional<PullState> state_of(const HostId& host, const std::string& image) const override;
    std::optional<std::string> failure_of(const HostId& host, const std::string& image) const override;

    // Sees to it that a host which could serve the need gets its image, or several when that many
    // would not find room on one. An error is why it cannot be had now; nothing: it is under way.
    std::optional<Error> fetch_for(const placement::Need& need, int waiting);
    // Of the fetch of that image that has come furthest.
    std::optional<PullState> furthest(const std::string& image) const;
    std::size_t size() const noexcept { return pulls_.size(); } // running and waiting

    net::Task<void> stop(); // cancels what runs; an engine forgets what it had fetched of it

private:
    using Key = std::pair<HostId, std::string>; // image
    struct Pull {
        PullState state;
        bool is_running = false, has_news = false, is_telling = false;
    };
    struct Failure {
        Error error;
        int times = 0;
        Deadline retry_at{};
    };

    void begin_waiting();
    bool may_begin(const Key& key) const;
    net::Task<void> fetch(Key key);
    net::Task<Status> carry_out(Key key);
    void note_progress(const Key& key, const PullState& state);
    net::Task<void> tell(Key key);
    void note_failure(const Key& key, const Error& error);
    void forget_old_failures();
    bool is_held_back(const Key& key) const;
    std::optional<Error> spent(const std::string& image) const;
    long room_of(const HostId& host, long wanted) const;

    HostRegistry& hosts_;
    EventSink& sink_;
    PullConfig config_;
    std::map<Key, Pull> pulls_;
    std::deque<Key> waiting_; // each of pulls_ that does not run
    std::map<Key, Failure> failures_; // bounded: forgotten some time after their retry_at
    bool is_stopping_ = false;
    net::TaskScope scope_;
};

} // namespace berth::broker
