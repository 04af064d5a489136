// SPDX-License-Identifier: Apache-2.0
#pragma once
// Private to crypto/.

namespace berth::crypto {

// Must have run before the first call of the library; cheap when repeated, thread-safe. Ends the
// process when the library cannot start: nothing here works without it.
void start_sodium();

} // namespace berth::crypto
