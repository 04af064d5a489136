# SPDX-License-Identifier: Apache-2.0
if(BERTH_SANITIZE)
    target_compile_options(berth_build_flags INTERFACE
        -fsanitize=${BERTH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(berth_build_flags INTERFACE -fsanitize=${BERTH_SANITIZE})
    if(BERTH_SANITIZE MATCHES "thread")
        # g++ warns that TSan cannot see fences; Asio can do without them.
        target_compile_options(berth_build_flags INTERFACE -Wno-tsan)
        target_compile_definitions(berth_build_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    endif()
endif()
