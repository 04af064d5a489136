// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counters, gauges and histograms in the Prometheus text format. Names are berth_<area>_<what>_
// <unit>; labels take values from closed or bounded lists only, so that no stranger can make the
// set of series grow. There is no global registry: whoever counts gets it through its constructor.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
} // namespace prometheus

namespace berth::metrics {

// A label and the values it may take; any other value is counted as "other".
struct Label {
    Label(std::string name_, std::vector<std::string> values_)
        : name{std::move(name_)}
        , values{std::move(values_)} {}
    // For names out of the configuration (hosts, templates): the first `most` different ones.
    Label(std::string name_, std::size_t most_)
        : name{std::move(name_)}
        , most{most_} {}
    std::string name;
    std::vector<std::string> values;
    std::size_t most = 0;
};

// Handles: cheap to copy, valid as long as the registry, usable from any thread.
class Counter {
public:
    explicit Counter(prometheus::Counter& counter)
        : counter_{&counter} {}
    void add(double amount = 1);
    double value() const;

private:
    prometheus::Counter* counter_;
};

class Gauge {
public:
    explicit Gauge(prometheus::Gauge& gauge)
        : gauge_{&gauge} {}
    void set(double value);
    void add(double amount);
    double value() const;

private:
    prometheus::Gauge* gauge_;
};

class Histogram {
public:
    explicit Histogram(prometheus::Histogram& histogram)
        : histogram_{&histogram} {}
    void observe(double value);

private:
    prometheus::Histogram* histogram_;
};

// One name with labels. with() takes one value per label, in their order; keep its result where
// speed matters: it looks up under a lock.
template <class Metric>
class Family {
public:
    struct Impl;
    explicit Family(std::shared_ptr<Impl> impl)
        : impl_{std::move(impl)} {}
    Metric with(const std::vector<std::string_view>& values);

private:
    std::shared_ptr<Impl> impl_;
};

class Registry {
public:
    Registry();
    ~Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    // All throw std::invalid_argument for a name that breaks the rules (prefix "berth_", "_total"
    // for counters and for nothing else), an empty help text or a name that exists.
    Counter counter(const std::string& name, const std::string& help);
    Gauge gauge(const std::string& name, const std::string& help);
    Histogram histogram(
        const std::string& name, const std::string& help, std::vector<double> bounds
    );
    Family<Counter> counters(
        const std::string& name, const std::string& help, std::vector<Label> labels
    );
    Family<Gauge> gauges(
        const std::string& name, const std::string& help, std::vector<Label> labels
    );
    Family<Histogram> histograms(
        const std::string& name, const std::string& help, std::vector<Label> labels,
        std::vector<double> bounds
    );

    // Called before each exposition, for gauges that are cheaper to ask than to keep. In the
    // thread of text(); must outlive the registry or be harmless afterwards.
    void on_collect(std::function<void()> refresh);
    // Prometheus text format 0.0.4; content type below.
    std::string text();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view text_content_type = "text/plain; version=0.0.4; charset=utf-8";
// Bounds in seconds for requests (1 ms … 10 s) and for starts of desktops (100 ms … 120 s).
std::vector<double> request_seconds();
std::vector<double> start_seconds();

} // namespace berth::metrics
