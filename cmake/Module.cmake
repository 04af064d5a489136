# SPDX-License-Identifier: Apache-2.0
if(BERTH_TESTS)
    include(GoogleTest)
endif()

# berth_module(NAME <name> SOURCES … HEADERS … DEPS …)
# One static library per folder, reachable as berth::<name>; headers are a file set, so that the
# target all_verify_interface_header_sets compiles each of them alone.
function(berth_module)
    cmake_parse_arguments(M "" "NAME" "SOURCES;HEADERS;DEPS" ${ARGN})
    set(target berth_${M_NAME})
    if(M_SOURCES)
        add_library(${target} STATIC ${M_SOURCES})
        target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
        target_link_libraries(${target} PUBLIC ${M_DEPS} PRIVATE berth_build_flags)
        target_compile_features(${target} PUBLIC cxx_std_20)
        target_sources(${target} PUBLIC FILE_SET HEADERS
            BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${M_HEADERS})
    else()
        add_library(${target} INTERFACE)
        target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
        target_link_libraries(${target} INTERFACE ${M_DEPS})
        target_compile_features(${target} INTERFACE cxx_std_20)
    endif()
    add_library(berth::${M_NAME} ALIAS ${target})
endfunction()

# berth_test(NAME <name> SOURCES … DEPS … [LABEL unit] [TIMEOUT 60])
# One test executable; every TEST is one ctest entry with the label.
function(berth_test)
    if(NOT BERTH_TESTS)
        return()
    endif()
    cmake_parse_arguments(T "" "NAME;LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
    if(NOT T_LABEL)
        set(T_LABEL unit)
    endif()
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 60)
    endif()
    set(target ${T_NAME})
    add_executable(${target} ${T_SOURCES})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE ${T_DEPS} GTest::gmock_main berth_rapidcheck
        berth_build_flags)
    # Without pretty values: a parameter that cannot be printed would put an address into the name.
    gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 NO_PRETTY_VALUES
        PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT})
endfunction()
