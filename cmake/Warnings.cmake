# SPDX-License-Identifier: Apache-2.0
# The warnings every target of ours is compiled with. GSLBD_WERROR (on in CI) turns them into errors.
option(GSLBD_WERROR "Treat warnings as errors" OFF)

add_library(gslbd_warnings INTERFACE)
target_compile_options(gslbd_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  -Wshadow                # a name that hides another is a bug waiting
  -Wconversion -Wsign-conversion  # wire code narrows all the time: say so where it is meant
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wformat=2
  -Wimplicit-fallthrough -Wunused
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wuseless-cast>
  $<$<BOOL:${GSLBD_WERROR}>:-Werror>)
