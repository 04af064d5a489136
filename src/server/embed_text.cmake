# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=… -DOUTPUT=… -DFUNCTION=… -DHEADER=… -P embed_text.cmake
file(READ "${INPUT}" text)
# A raw string literal is limited in length; pieces are joined by the compiler.
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 piece)
    string(APPEND pieces "R\"~~~(${piece})~~~\"\n")
    math(EXPR at "${at} + 8000")
endwhile()
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"\nnamespace berth::server {\nstd::string ${FUNCTION}() { return\n${pieces}; }\n}\n")
