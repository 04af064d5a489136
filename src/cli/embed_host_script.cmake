# SPDX-License-Identifier: Apache-2.0
# Writes OUT, a C++ file that holds the script of TOOLS with its one sourced file put in.
set(text "")
if(EXISTS ${TOOLS}/host_prepare.sh AND EXISTS ${TOOLS}/lib/common.sh)
    file(READ ${TOOLS}/host_prepare.sh script)
    file(READ ${TOOLS}/lib/common.sh common)
    # The root of the repository means nothing to a script that runs from memory.
    string(REGEX REPLACE "BERTH_ROOT=\"[^\n]*\n(#[^\n]*\n)?readonly BERTH_ROOT\n" "" common "${common}")
    set(line "source \"$(dirname \"\${BASH_SOURCE[0]}\")/lib/common.sh\"\n")
    string(FIND "${script}" "${line}" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "tools/host_prepare.sh does not source lib/common.sh in the expected words")
    endif()
    string(REPLACE "${line}" "${common}" text "${script}")
endif()
file(WRITE ${OUT} "// SPDX-License-Identifier: Apache-2.0
#include \"cli/host_script.hpp\"

namespace berth::cli {

std::string_view host_script() noexcept { return R\"berth_script(${text})berth_script\"; }

} // namespace berth::cli
")
