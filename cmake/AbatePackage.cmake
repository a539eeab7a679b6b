# `cmake --install` and `cpack -G DEB`: the program, its manual pages and completions (written by the program itself from
# its command definitions), the documentation and the licence.

if(TARGET abate AND EXISTS "${CMAKE_SOURCE_DIR}/src/abate/cli/completion.cpp")
  set(generated "${CMAKE_BINARY_DIR}/generated")
  add_custom_command(
    OUTPUT "${generated}/stamp"
    COMMAND ${CMAKE_COMMAND} -E rm -rf "${generated}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${generated}/man" "${generated}/bash-completion/completions"
      "${generated}/zsh/vendor-completions" "${generated}/fish/vendor_completions.d"
    COMMAND abate generate man "${generated}/man"
    COMMAND abate completion bash > "${generated}/bash-completion/completions/abate"
    COMMAND abate completion zsh > "${generated}/zsh/vendor-completions/_abate"
    COMMAND abate completion fish > "${generated}/fish/vendor_completions.d/abate.fish"
    COMMAND ${CMAKE_COMMAND} -E touch "${generated}/stamp"
    DEPENDS abate
    COMMENT "Manual pages and completions"
    VERBATIM)
  add_custom_target(abate_pages ALL DEPENDS "${generated}/stamp")
  install(DIRECTORY "${generated}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  install(DIRECTORY "${generated}/bash-completion" "${generated}/zsh" "${generated}/fish" DESTINATION "${CMAKE_INSTALL_DATADIR}")
endif()

install(DIRECTORY "${CMAKE_SOURCE_DIR}/docs/" DESTINATION "${CMAKE_INSTALL_DOCDIR}/docs" FILES_MATCHING PATTERN "*.md")
foreach(file IN ITEMS README.md CHANGELOG.md)
  if(EXISTS "${CMAKE_SOURCE_DIR}/${file}")
    install(FILES "${CMAKE_SOURCE_DIR}/${file}" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
  endif()
endforeach()
# Debian's policy wants the terms under this name.
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME copyright)

# The terms of the libraries that lie in the program, as Debian states them.
foreach(package IN ITEMS libabsl-dev libboost1.74-dev libcli11-dev libfmt-dev libncurses-dev libsodium-dev libsqlite3-dev libstdc++-12-dev libtomlplusplus-dev nlohmann-json3-dev)
  if(abate_static AND EXISTS "/usr/share/doc/${package}/copyright")
    install(FILES "/usr/share/doc/${package}/copyright" DESTINATION "${CMAKE_INSTALL_DOCDIR}/third_party" RENAME "${package}.copyright")
  endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME abate)
set(CPACK_PACKAGE_VENDOR "abate developers")
set(CPACK_PACKAGE_CONTACT "abate developers <abate@users.noreply.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "measures the energy of AI work and accounts for its carbon")
set(CPACK_RESOURCE_FILE_LICENSE "${CMAKE_SOURCE_DIR}/LICENSE")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Time zones of deadlines.
set(CPACK_DEBIAN_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS python3-sklearn)
set(CPACK_STRIP_FILES ON)
include(CPack)
