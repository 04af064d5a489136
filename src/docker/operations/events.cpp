// SPDX-License-Identifier: Apache-2.0
#include "docker/client.hpp"

namespace berth::docker {
namespace {

class LineEvents final : public EventStream {
public:
    explicit LineEvents(std::unique_ptr<net::HttpBodyStream> body)
        : body_{std::move(body)} {}

    Task<Result<std::optional<EngineEvent>>> next() override {
        while (at_ == lines_.size()) {
            lines_.clear();
            at_ = 0;
            auto piece = co_await body_->next();
            if (!piece) co_return std::move(piece).error().with_context("events");
            if (piece->empty()) co_return std::optional<EngineEvent>{};
            auto status = splitter_.feed(*piece, lines_);
            if (!status) co_return std::move(status).error().with_context("events");
        }
        auto event = decode_event(lines_[at_++]);
        if (!event) co_return event.error();
        co_return std::optional<EngineEvent>{std::move(*event)};
    }

private:
    std::unique_ptr<net::HttpBodyStream> body_;
    LineSplitter splitter_;
    std::vector<std::string> lines_;
    std::size_t at_ = 0;
};

} // namespace

Task<Result<EventStreamPtr>> Client::events(EventsOptions options, Deadline deadline) {
    Call request{"events", Subject::system, "GET", "/events"};
    request.is_repeatable = true;
    if (!options.filters.empty())
        request.query.emplace_back("filters", encode_filters(options.filters));
    if (!options.since.empty()) request.query.emplace_back("since", options.since);
    auto body = co_await open(std::move(request), deadline);
    if (!body) co_return body.error();
    EventStreamPtr stream = std::make_unique<LineEvents>(std::move(*body));
    co_return stream;
}

} // namespace berth::docker
