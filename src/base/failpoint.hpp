// SPDX-License-Identifier: Apache-2.0
#pragma once
// Named places at which a test may end the process as a crash would. Compiled in only where
// BERTH_FAILPOINTS is defined (test builds); nothing elsewhere.

namespace berth {

#ifdef BERTH_FAILPOINTS
// BERTH_FAILPOINT=name[:n] kills the process (SIGKILL) at the n-th passage of that name, default 1.
void failpoint(const char* name) noexcept;
#else
inline void failpoint(const char*) noexcept {}
#endif

} // namespace berth
