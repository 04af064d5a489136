# SPDX-License-Identifier: Apache-2.0
# cmake -DSQL_DIR=… -DOUTPUT=… -P embed_migrations.cmake
# Writes a source with every NNNN_name.sql of the folder and its SHA-256, in order of their numbers.
file(GLOB files ${SQL_DIR}/[0-9][0-9][0-9][0-9]_*.sql)
list(SORT files)
set(entries "")
set(expected 1)
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    string(SUBSTRING ${name} 0 4 digits)
    string(REGEX REPLACE "^0+" "" number ${digits})
    if(NOT number EQUAL expected)
        message(FATAL_ERROR "migration ${name}: number ${expected} expected")
    endif()
    file(READ ${file} text)
    file(SHA256 ${file} checksum)
    string(APPEND entries "    {${number}, \"${name}\", \"${checksum}\", R\"~sql~(${text})~sql~\"},\n")
    math(EXPR expected "${expected} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Generated from src/store/migrations.
#include \"store/migrations.hpp\"

namespace berth::store {
namespace {

const std::vector<Migration> migrations{
${entries}};

} // namespace

const std::vector<Migration>& all_migrations() { return migrations; }

} // namespace berth::store
")
