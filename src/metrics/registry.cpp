// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <type_traits>

namespace berth::metrics {
namespace {

template <class Metric>
struct NativeOf;
template <>
struct NativeOf<Counter> {
    using Type = prometheus::Counter;
};
template <>
struct NativeOf<Gauge> {
    using Type = prometheus::Gauge;
};
template <>
struct NativeOf<Histogram> {
    using Type = prometheus::Histogram;
};

bool is_snake(std::string_view text) {
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z'
        && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

bool ends_with_total(std::string_view name) {
    constexpr std::string_view end = "_total";
    return name.size() > end.size() && name.substr(name.size() - end.size()) == end;
}

} // namespace

void Counter::add(double amount) { counter_->Increment(amount); }
double Counter::value() const { return counter_->Value(); }
void Gauge::set(double value) { gauge_->Set(value); }
void Gauge::add(double amount) { gauge_->Increment(amount); }
double Gauge::value() const { return gauge_->Value(); }
void Histogram::observe(double value) { histogram_->Observe(value); }

template <class Metric>
struct Family<Metric>::Impl {
    using Native = typename NativeOf<Metric>::Type;

    Impl(prometheus::Family<Native>& family_, std::vector<Label> labels_, std::vector<double> bounds_)
        : family{family_}
        , labels{std::move(labels_)}
        , bounds{std::move(bounds_)} {}

    std::string admitted(Label& label, std::string_view value) {
        auto& values = label.values;
        if (std::find(values.begin(), values.end(), value) != values.end()) {
            return std::string{value};
        }
        if (values.size() >= label.most) return "other";
        values.emplace_back(value);
        return std::string{value};
    }

    Native& make(const std::map<std::string, std::string>& named) {
        if constexpr (std::is_same_v<Metric, Histogram>) {
            return family.Add(named, bounds);
        } else {
            return family.Add(named);
        }
    }

    prometheus::Family<Native>& family;
    std::mutex mutex; // guards labels and known
    std::vector<Label> labels;
    std::vector<double> bounds;
    std::map<std::vector<std::string>, Native*> known;
};

template <class Metric>
Metric Family<Metric>::with(const std::vector<std::string_view>& values) {
    if (values.size() != impl_->labels.size()) {
        throw std::invalid_argument("metric: one value per label");
    }
    const std::lock_guard lock{impl_->mutex};
    std::vector<std::string> key;
    for (std::size_t i = 0; i < values.size(); ++i) {
        key.push_back(impl_->admitted(impl_->labels[i], values[i]));
    }
    auto& native = impl_->known[key];
    if (native == nullptr) {
        std::map<std::string, std::string> named;
        for (std::size_t i = 0; i < key.size(); ++i) named[impl_->labels[i].name] = key[i];
        native = &impl_->make(named);
    }
    return Metric{*native};
}

template class Family<Counter>;
template class Family<Gauge>;
template class Family<Histogram>;

struct Registry::Impl {
    void check(
        const std::string& name, const std::string& help, const std::vector<Label>& labels,
        bool is_counter
    ) {
        const auto refuse = [&](const char* why) {
            throw std::invalid_argument("metric " + name + ": " + why);
        };
        if (!is_snake(name) || name.rfind("berth_", 0) != 0) refuse("bad name");
        if (ends_with_total(name) != is_counter) refuse("_total is for counters");
        if (help.empty()) refuse("no help text");
        for (const auto& label : labels) {
            if (!is_snake(label.name)) refuse("bad label");
        }
        if (!names.insert(name).second) refuse("exists already");
    }

    prometheus::Registry native;
    std::set<std::string> names;
    std::vector<std::function<void()>> refreshers;
};

Registry::Registry()
    : impl_{std::make_unique<Impl>()} {}
Registry::~Registry() = default;

Family<Counter> Registry::counters(
    const std::string& name,
    const std::string& help,
    std::vector<Label> labels
) {
    impl_->check(name, help, labels, true);
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->native);
    using State = Family<Counter>::Impl;
    return Family<Counter>{
        std::make_shared<State>(family, std::move(labels), std::vector<double>{})};
}

Family<Gauge> Registry::gauges(
    const std::string& name,
    const std::string& help,
    std::vector<Label> labels
) {
    impl_->check(name, help, labels, false);
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->native);
    using State = Family<Gauge>::Impl;
    return Family<Gauge>{std::make_shared<State>(family, std::move(labels), std::vector<double>{})};
}

Family<Histogram> Registry::histograms(
    const std::string& name,
    const std::string& help,
    std::vector<Label> labels,
    std::vector<double> bounds
) {
    impl_->check(name, help, labels, false);
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->native);
    using State = Family<Histogram>::Impl;
    return Family<Histogram>{
        std::make_shared<State>(family, std::move(labels), std::move(bounds))};
}

Counter Registry::counter(const std::string& name, const std::string& help) {
    return counters(name, help, {}).with({});
}

Gauge Registry::gauge(const std::string& name, const std::string& help) {
    return gauges(name, help, {}).with({});
}

Histogram Registry::histogram(
    const std::string& name,
    const std::string& help,
    std::vector<double> bounds
) {
    return histograms(name, help, {}, std::move(bounds)).with({});
}

void Registry::on_collect(std::function<void()> refresh) {
    impl_->refreshers.push_back(std::move(refresh));
}

std::string Registry::text() {
    for (const auto& refresh : impl_->refreshers) refresh();
    const prometheus::TextSerializer serializer;
    return serializer.Serialize(impl_->native.Collect());
}

std::vector<double> request_seconds() {
    return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

std::vector<double> start_seconds() {
    return {0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60, 120};
}

} // namespace berth::metrics
