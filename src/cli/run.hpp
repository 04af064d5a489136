// SPDX-License-Identifier: Apache-2.0
#pragma once
// The command line: everything behind main(). Data goes to standard output, messages to standard
// error. The answer is the exit code (exit_code.hpp).

namespace berth::cli {

int run(int argc, const char* const* argv);

} // namespace berth::cli
