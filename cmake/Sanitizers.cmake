# SPDX-License-Identifier: Apache-2.0
# GSLBD_SANITIZE is a list for -fsanitize= ("address,undefined", "thread"); the presets set it.
set(GSLBD_SANITIZE "" CACHE STRING "Sanitizers to build everything with")
if(GSLBD_SANITIZE)
  add_compile_options(-fsanitize=${GSLBD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GSLBD_SANITIZE})
endif()
