// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs the built program once, in an empty folder of its own and with an environment of its own.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace berth::test {

struct Outcome {
    int code = -1; // 128 + signal when it did not exit
    std::string out, err;
};

class Program {
public:
    Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    Outcome run(std::vector<std::string> arguments, const std::string& input = {}) const;
    std::filesystem::path folder() const { return folder_; }
    std::string write(const std::string& name, const std::string& text) const; // its path
    std::map<std::string, std::string> environment; // only this and PATH

private:
    std::filesystem::path folder_;
};

} // namespace berth::test
