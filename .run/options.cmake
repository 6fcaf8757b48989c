# SPDX-License-Identifier: Apache-2.0
# Flags that every target of ours links as build_options. Included by the top CMakeLists.txt.
option(CLOISTER_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)

add_library(build_options INTERFACE)
target_compile_options(build_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Wnon-virtual-dtor
    -Woverloaded-virtual -Wcast-align -Wnull-dereference -Wno-psabi
    $<$<BOOL:${CLOISTER_WARNINGS_AS_ERRORS}>:-Werror>
    # Invariants are asserted in release builds too: a broken one must stop the process.
    -UNDEBUG
    -fstack-protector-strong -fcf-protection -fno-plt
    # GCC's bound analysis reports false positives in the standard library's own headers at -O2.
    -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict)
target_compile_definitions(build_options INTERFACE
    QT_NO_KEYWORDS QT_NO_CAST_FROM_ASCII QT_NO_FOREACH _GLIBCXX_ASSERTIONS)
target_link_options(build_options INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
target_include_directories(build_options INTERFACE ${PROJECT_SOURCE_DIR})

# add_program(NAME SOURCE LIBRARY…): one main() over the libraries of its folder.
function(add_program name source)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE build_options ${ARGN})
endfunction()
