# SPDX-License-Identifier: Apache-2.0
# Everything from Debian 12 packages; the minimum is the version that was tested.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
set(Boost_USE_STATIC_LIBS OFF)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json url) # 1.74 is Debian's default: too old for us
find_package(OpenSSL 3.0 REQUIRED)                          # TLS dialer, DES of VNC authentication
find_package(fmt 9 REQUIRED)                                # libstdc++ 12 has no <format>
find_package(spdlog 1.10 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)                         # line and column for error messages
find_package(CLI11 2.1 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)   # core only: no second web server
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18) # argon2id, random, seals
pkg_check_modules(archive REQUIRED IMPORTED_TARGET libarchive>=3.6)  # tar of the archive endpoint
pkg_check_modules(libssh REQUIRED IMPORTED_TARGET libssh>=0.10.6)      # docs/traps/libssh-0.10.md
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)

# SOCI ships no usable CMake package in Debian 12.
find_path(SOCI_INCLUDE_DIR soci/soci.h REQUIRED)
find_library(SOCI_CORE soci_core REQUIRED)
find_library(SOCI_SQLITE3 soci_sqlite3 REQUIRED)
find_library(SQLITE3_LIBRARY sqlite3 REQUIRED)
add_library(berth_soci INTERFACE)
target_include_directories(berth_soci SYSTEM INTERFACE ${SOCI_INCLUDE_DIR} ${SOCI_INCLUDE_DIR}/soci)
target_link_libraries(berth_soci INTERFACE ${SOCI_SQLITE3} ${SOCI_CORE} ${SQLITE3_LIBRARY})

if(BERTH_TESTS)
    find_package(GTest 1.12 REQUIRED)
    find_path(RAPIDCHECK_INCLUDE_DIR rapidcheck.h REQUIRED)
    find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
    add_library(berth_rapidcheck INTERFACE)
    target_include_directories(berth_rapidcheck SYSTEM INTERFACE ${RAPIDCHECK_INCLUDE_DIR})
    target_link_libraries(berth_rapidcheck INTERFACE ${RAPIDCHECK_LIBRARY})
endif()

# Asio and Beast compiled once (net/boost_*_impl.cpp); every user must agree on these.
add_library(berth_boost INTERFACE)
target_link_libraries(berth_boost INTERFACE Boost::headers Boost::json Boost::url OpenSSL::SSL
    OpenSSL::Crypto Threads::Threads)
target_compile_definitions(berth_boost INTERFACE
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
    BOOST_BEAST_USE_STD_STRING_VIEW)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Absolute paths are rewritten, so that two checkouts share what they compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
        CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=time_macros,include_file_mtime ${CCACHE})
endif()
