# abate_room(NAME name [THREADS] [SOURCES file...] [TESTS file...] [ROOMS room...] [LIBRARIES target...])
#
# One folder of src/abate = one static library abate_<name> that links only the rooms it names (all from rows below).
# TESTS become one program <name>_test, registered with ctest; with THREADS it runs under ThreadSanitizer too.
#
# Labels of tests: unit, corpus, e2e; `threads` (also run under ThreadSanitizer), `static` (reads sources or runs the
# compiler: once is enough), `package` (installs and packs: once is enough).

add_library(abate_flags INTERFACE)
target_compile_features(abate_flags INTERFACE cxx_std_20)
target_include_directories(abate_flags INTERFACE "${CMAKE_SOURCE_DIR}/src")
# File names in assertions are relative to the source tree, so that two builds of one commit are alike.
target_compile_options(abate_flags INTERFACE "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
if(ABATE_DEVELOPER)
  target_compile_options(abate_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees uninitialised members in std::optional and std::variant that are not (GCC bugs 105562, 80635).
    target_compile_options(abate_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # What nothing calls (most of CLI11's and the JSON library's templates) is not linked: fewer pages in memory at a start.
  # Nobody takes the place of a function of ours at run time, so that -fPIC need not keep the compiler from inlining it.
  target_compile_options(abate_flags INTERFACE -ffunction-sections -fdata-sections -fno-semantic-interposition)
  target_link_options(abate_flags INTERFACE -Wl,--gc-sections)
endif()
if(ABATE_SANITIZE)
  target_compile_options(abate_flags INTERFACE -fsanitize=${ABATE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(abate_flags INTERFACE -fsanitize=${ABATE_SANITIZE})
endif()
if(ABATE_FUZZ)
  target_compile_options(abate_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(abate_flags INTERFACE -fsanitize=address,undefined)
endif()

# Everything that a test of label `threads` needs; a test elsewhere adds itself with add_dependencies.
add_custom_target(threads_tests)

function(abate_room)
  cmake_parse_arguments(ROOM "THREADS" "NAME" "SOURCES;TESTS;ROOMS;LIBRARIES" ${ARGN})
  set(room_targets "")
  foreach(room IN LISTS ROOM_ROOMS)
    list(APPEND room_targets abate_${room})
  endforeach()
  if(ROOM_SOURCES)
    add_library(abate_${ROOM_NAME} STATIC ${ROOM_SOURCES})
    target_link_libraries(abate_${ROOM_NAME} PUBLIC abate_flags ${room_targets} ${ROOM_LIBRARIES})
    set_target_properties(abate_${ROOM_NAME} PROPERTIES UNITY_BUILD ${ABATE_UNITY} UNITY_BUILD_BATCH_SIZE 6)
  else()
    add_library(abate_${ROOM_NAME} INTERFACE)
    target_link_libraries(abate_${ROOM_NAME} INTERFACE abate_flags ${room_targets} ${ROOM_LIBRARIES})
  endif()
  if(ABATE_DEVELOPER AND ROOM_TESTS)
    add_executable(${ROOM_NAME}_test ${ROOM_TESTS})
    target_link_libraries(${ROOM_NAME}_test PRIVATE abate_${ROOM_NAME} GTest::gtest GTest::gmock GTest::gtest_main rapidcheck_gtest)
    set_target_properties(${ROOM_NAME}_test PROPERTIES UNITY_BUILD OFF)
    add_test(NAME ${ROOM_NAME} COMMAND ${ROOM_NAME}_test)
    set(labels unit)
    if(ROOM_THREADS)
      list(APPEND labels threads)
      add_dependencies(threads_tests ${ROOM_NAME}_test)
    endif()
    set_tests_properties(${ROOM_NAME} PROPERTIES LABELS "${labels}" TIMEOUT 1200
      ENVIRONMENT "ABATE_SOURCE_DIR=${CMAKE_SOURCE_DIR};ABATE_BUILD_DIR=${CMAKE_BINARY_DIR}")
  endif()
endfunction()
