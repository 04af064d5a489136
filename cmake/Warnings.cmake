# SPDX-License-Identifier: Apache-2.0
add_library(berth_build_flags INTERFACE)
add_library(berth::build_flags ALIAS berth_build_flags)
target_compile_features(berth_build_flags INTERFACE cxx_std_20)
target_compile_options(berth_build_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wconversion
    -Wno-sign-conversion -Wimplicit-fallthrough -Wformat=2 -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Optimised g++ 12 reports these inside library templates and coroutine frames.
    target_compile_options(berth_build_flags INTERFACE -Wsuggest-override -Wno-dangling-else -Wno-dangling-else
        -Wno-error=restrict -Wno-error=stringop-overflow -Wno-error=stringop-overread
        -Wno-error=maybe-uninitialized -Wno-error=array-bounds -Wno-error=free-nonheap-object
        -Wno-error=dangling-pointer -Wno-error=null-dereference -Wno-mismatched-new-delete
        -Wno-missing-field-initializers)
else()
    target_compile_options(berth_build_flags INTERFACE -Wno-missing-field-initializers
        -Wno-dangling-else)
endif()
# Asserts of the standard library stay on in every build: a broken invariant must stop us.
target_compile_definitions(berth_build_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(berth_build_flags INTERFACE -g1 -fstack-protector-strong
        -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=2 -UNDEBUG)
    target_link_options(berth_build_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

find_program(MOLD mold)
find_program(LLD ld.lld)
if(MOLD)
    # g++ 12 and clang 14 both know mold by this flag.
    target_link_options(berth_build_flags INTERFACE -fuse-ld=mold)
elseif(LLD)
    target_link_options(berth_build_flags INTERFACE -fuse-ld=lld)
endif()

# Places at which tests kill the process; never in what is shipped.
if(BERTH_TESTS)
    add_compile_definitions(BERTH_FAILPOINTS)
endif()
